//! `GET /api/{name}/points`: the points of a series.

use bytes::Bytes;
use http::{HeaderValue, Response};
use tidemark_core::point::Tags;
use tidemark_core::time::Timestamp;
use tidemark_formats::write::number::Decimals;
use tidemark_formats::write::points::PointWriter;

use super::page::Page;
use crate::accept::Media;

/// Points being written.
#[derive(Debug)]
pub struct Points {
    page: Page,
    writer: PointWriter,
}

impl Points {
    /// A page of at most `limit` points.
    pub fn new(media: Media, decimals: Decimals, limit: usize) -> Self {
        let syntax = media.syntax();
        Self {
            page: Page::new(media.content_type(), PointWriter::frame(syntax), limit),
            writer: PointWriter::new(syntax, decimals),
        }
    }

    /// Adds a point. `false`: the page is full and the point is not in it.
    pub fn push(&mut self, time: Timestamp, value: f64, tags: &Tags) -> bool {
        let writer = &mut self.writer;
        self.page.push(|out| writer.write(time, value, tags, out))
    }

    /// How many points it holds.
    pub const fn rows(&self) -> usize {
        self.page.rows()
    }

    /// The answer.
    pub fn finish(self, next: Option<HeaderValue>) -> Response<Bytes> {
        self.page.finish(next)
    }
}

#[cfg(test)]
mod tests {
    use http::header::CONTENT_TYPE;

    use super::super::page::text;
    use super::*;

    fn tags(tags: &[&str]) -> Tags {
        Tags::new(tags.iter().map(|t| (*t).to_owned())).unwrap()
    }

    fn page(media: Media, decimals: Decimals) -> (String, String) {
        let mut points = Points::new(media, decimals, 2);
        let at = |seconds| Timestamp::from_seconds(seconds).unwrap();
        assert!(points.push(at(1_675_209_600), 0.0117, &Tags::none()));
        assert!(points.push(at(1_675_210_500), 7.0, &tags(&["b \"x\"", "a,c", "d"])));
        assert!(!points.push(at(1_675_211_400), 1.0, &Tags::none()));
        assert_eq!(points.rows(), 2);
        let response = points.finish(None);
        let media = response.headers()[CONTENT_TYPE]
            .to_str()
            .unwrap()
            .to_owned();
        (media, text(&response))
    }

    #[test]
    fn in_three_media_types() {
        assert_eq!(
            page(Media::Json, None),
            ("application/json".to_owned(), r#"[{"time":"2023-02-01T00:00:00Z","value":0.0117},{"time":"2023-02-01T00:15:00Z","value":7,"tags":["a,c","b \"x\"","d"]}]"#.to_owned())
        );
        assert_eq!(
            page(Media::Ndjson, Some(2)),
            ("application/x-ndjson".to_owned(), "{\"time\":\"2023-02-01T00:00:00Z\",\"value\":0.01}\n{\"time\":\"2023-02-01T00:15:00Z\",\"value\":7,\"tags\":[\"a,c\",\"b \\\"x\\\"\",\"d\"]}\n".to_owned())
        );
        assert_eq!(
            page(Media::Csv, None),
            ("text/csv; charset=utf-8".to_owned(), "time,value,tags\r\n2023-02-01T00:00:00Z,0.0117,\r\n2023-02-01T00:15:00Z,7,\"a,c;b \"\"x\"\";d\"\r\n".to_owned())
        );
    }

    #[test]
    fn no_points_are_still_an_answer() {
        for (media, expected) in [
            (Media::Json, "[]"),
            (Media::Ndjson, ""),
            (Media::Csv, "time,value,tags\r\n"),
        ] {
            assert_eq!(text(&Points::new(media, None, 5).finish(None)), expected);
        }
    }
}
