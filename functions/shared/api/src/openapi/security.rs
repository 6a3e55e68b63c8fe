//! How callers show who they are.

use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};

use crate::routes::Operation;

const KEY: &str = "apiKey";
const BEARER: &str = "bearer";

/// The ways that there are.
pub(super) fn schemes() -> [(&'static str, SecurityScheme); 2] {
    let key = ApiKeyValue::with_description("X-Api-Key", "An API key, `tm_...`");
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "An API key, or a JWT of the issuer that the deployment trusts",
        ));
    [
        (KEY, SecurityScheme::ApiKey(ApiKey::Header(key))),
        (BEARER, SecurityScheme::Http(bearer.build())),
    ]
}

/// Either of them, with the scope that an operation wants; none where it wants none.
pub(super) fn of_operation(operation: Operation) -> Vec<SecurityRequirement> {
    operation.scope().map_or_else(Vec::new, |scope| {
        [KEY, BEARER]
            .map(|scheme| SecurityRequirement::new(scheme, [scope.as_str()]))
            .into()
    })
}
