# One image for every service and the gateway; the command says which it is.
FROM python:3.11-slim AS build
WORKDIR /casebus
COPY requirements.lock pyproject.toml README.md LICENSE ./
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN /venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation --editable .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --create-home casebus && install -d -o casebus /data
COPY --from=build /venv /venv
COPY --from=build /casebus /casebus
ENV PATH=/venv/bin:$PATH CASEBUS_HOME=/data PYTHONUNBUFFERED=1
WORKDIR /casebus
USER casebus
VOLUME /data
# onebox.run gives each service its own Kafka user from /data/credentials.json.
ENTRYPOINT ["python", "-m", "onebox.run"]
CMD ["gateway"]
