//! Restante over HTTP: center routes, device client, OpenAPI.
