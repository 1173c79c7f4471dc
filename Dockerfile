# One image for every service and the gateway; the command says which it is.
# Any base with a `python` of version 3.11 or newer and its venv will do.
ARG BASE=python:3.11-slim
FROM ${BASE} AS build
WORKDIR /casebus
COPY requirements-runtime.lock ./
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements-runtime.lock
COPY . .
RUN /venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation --editable . \
    && (/venv/bin/python -m onebox.webjars /casebus/web || echo "the console does less without its libraries")

FROM ${BASE}
# A new volume takes owner and mode from here.
RUN useradd --system --uid 10001 --create-home casebus \
    && install -d -o casebus -m 700 /data /data/keys /data/processes \
       /data/processes/admission /data/processes/router /data/processes/casework \
       /data/processes/scheduler /data/processes/intake /data/processes/gateway
COPY --from=build /venv /venv
COPY --from=build /casebus /casebus
ENV PATH=/venv/bin:$PATH CASEBUS_HOME=/data CASEBUS_CONSOLE_ASSETS=/casebus/web PYTHONUNBUFFERED=1
WORKDIR /casebus
USER casebus
VOLUME /data
# onebox.run gives each service what `provision` left in /data/processes/SERVICE.
ENTRYPOINT ["python", "-m", "onebox.run"]
CMD ["gateway"]
