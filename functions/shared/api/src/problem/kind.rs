//! The kinds of problem, each with one status and one title.

use http::StatusCode;

/// The kinds of problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// HTTP does not allow such a head: its host, its target, its framing.
    MalformedHead,
    /// A parameter that is unknown, missing, empty, given twice, or of the
    /// wrong form.
    InvalidParameter,
    /// The path names a route, but what stands for a name or an id is none.
    InvalidPath,
    /// Not a cursor of this caller and this query.
    InvalidCursor,
    /// The body as a whole cannot be read, or is empty.
    MalformedBody,
    /// Fields of the body are unknown, or are not what they must be.
    InvalidFields,
    /// No credentials, or wrong ones.
    Unauthenticated,
    /// The credentials lack a scope.
    Forbidden,
    /// No route has this path.
    NotFound,
    /// The caller has no series of this name.
    UnknownSeries,
    /// The caller has no discard of this id.
    UnknownDiscard,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// None of the media types that are accepted is offered.
    NotAcceptable,
    /// The discard was replayed before.
    AlreadyReplayed,
    /// More separate ranges of a series are deleted than can be kept.
    TooManyDeletions,
    /// The body is too large, as sent or unpacked.
    BodyTooLarge,
    /// A media type or an encoding that is not read.
    UnsupportedMediaType,
    /// The question does not go with what a series holds.
    UnsuitableSeries,
    /// None of the points could be taken, or not all where all were wanted.
    InvalidPoints,
    /// The replayed payload is still invalid.
    StillInvalid,
    /// The tenant asks, sends or keeps more than it may.
    TooManyRequests,
    /// A fault of ours.
    Internal,
    /// What the request needs is not to be had at the moment.
    Unavailable,
    /// The service does not accept data.
    Unhealthy,
}

impl ProblemKind {
    /// Every kind, by status.
    pub const ALL: [Self; 24] = [
        Self::MalformedHead,
        Self::InvalidParameter,
        Self::InvalidPath,
        Self::InvalidCursor,
        Self::MalformedBody,
        Self::InvalidFields,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::UnknownSeries,
        Self::UnknownDiscard,
        Self::MethodNotAllowed,
        Self::NotAcceptable,
        Self::AlreadyReplayed,
        Self::TooManyDeletions,
        Self::BodyTooLarge,
        Self::UnsupportedMediaType,
        Self::UnsuitableSeries,
        Self::InvalidPoints,
        Self::StillInvalid,
        Self::TooManyRequests,
        Self::Internal,
        Self::Unavailable,
        Self::Unhealthy,
    ];

    /// The `type`: a reference to the paragraph of the documentation.
    pub const fn type_uri(self) -> &'static str {
        match self {
            Self::MalformedHead => "/docs#malformed-head",
            Self::InvalidParameter => "/docs#invalid-parameter",
            Self::InvalidPath => "/docs#invalid-path",
            Self::InvalidCursor => "/docs#invalid-cursor",
            Self::MalformedBody => "/docs#malformed-body",
            Self::InvalidFields => "/docs#invalid-fields",
            Self::Unauthenticated => "/docs#unauthenticated",
            Self::Forbidden => "/docs#forbidden",
            Self::NotFound => "/docs#not-found",
            Self::UnknownSeries => "/docs#unknown-series",
            Self::UnknownDiscard => "/docs#unknown-discard",
            Self::MethodNotAllowed => "/docs#method-not-allowed",
            Self::NotAcceptable => "/docs#not-acceptable",
            Self::AlreadyReplayed => "/docs#already-replayed",
            Self::TooManyDeletions => "/docs#too-many-deletions",
            Self::BodyTooLarge => "/docs#body-too-large",
            Self::UnsupportedMediaType => "/docs#unsupported-media-type",
            Self::UnsuitableSeries => "/docs#unsuitable-series",
            Self::InvalidPoints => "/docs#invalid-points",
            Self::StillInvalid => "/docs#still-invalid",
            Self::TooManyRequests => "/docs#too-many-requests",
            Self::Internal => "/docs#internal",
            Self::Unavailable => "/docs#unavailable",
            Self::Unhealthy => "/docs#unhealthy",
        }
    }

    /// The status it is answered with.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::MalformedHead
            | Self::InvalidParameter
            | Self::InvalidPath
            | Self::InvalidCursor
            | Self::MalformedBody
            | Self::InvalidFields => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound | Self::UnknownSeries | Self::UnknownDiscard => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::AlreadyReplayed | Self::TooManyDeletions => StatusCode::CONFLICT,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::UnsuitableSeries | Self::InvalidPoints | Self::StillInvalid => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable | Self::Unhealthy => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// What it is, in a few words that never change.
    pub const fn title(self) -> &'static str {
        match self {
            Self::MalformedHead => "HTTP does not allow such a request",
            Self::InvalidParameter => "A parameter is wrong",
            Self::InvalidPath => "The path holds what is not a name or an id",
            Self::InvalidCursor => "The cursor does not belong here",
            Self::MalformedBody => "The body cannot be read",
            Self::InvalidFields => "Fields of the body are wrong",
            Self::Unauthenticated => "Credentials are missing or wrong",
            Self::Forbidden => "The credentials do not suffice",
            Self::NotFound => "There is nothing at this path",
            Self::UnknownSeries => "There is no such series",
            Self::UnknownDiscard => "There is no such discard",
            Self::MethodNotAllowed => "The path does not know this method",
            Self::NotAcceptable => "The answer does not come in this media type",
            Self::AlreadyReplayed => "The discard has been replayed before",
            Self::TooManyDeletions => "Too many ranges of the series are deleted",
            Self::BodyTooLarge => "The body is too large",
            Self::UnsupportedMediaType => "The body comes in a form that is not read here",
            Self::UnsuitableSeries => "The series does not go with the question",
            Self::InvalidPoints => "The points are wrong",
            Self::StillInvalid => "The point is still invalid",
            Self::TooManyRequests => "This is more than the tenant may",
            Self::Internal => "Something went wrong on our side",
            Self::Unavailable => "The service is not available at the moment",
            Self::Unhealthy => "The service does not accept data at the moment",
        }
    }
}
