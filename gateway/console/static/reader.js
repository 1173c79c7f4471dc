// The API's description, read by Swagger UI from this very gateway.
"use strict";

window.addEventListener("DOMContentLoaded", () => {
  window.SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#reader",
    presets: [window.SwaggerUIBundle.presets.apis],
    supportedSubmitMethods: [],
    validatorUrl: null,
  });
});
