//! A text is read the same however it is cut: the points, what is rejected and
//! where, and what refuses the rest.

use proptest::prelude::*;

use super::*;
use crate::MAX_ITEM;

/// Every kind of reader, by its number.
fn reader(kind: usize) -> Reader {
    match kind {
        0..3 => Reader::points(SYNTAXES[kind]),
        _ => Reader::measurements(),
    }
}

const KINDS: usize = 4;

type Outcome = (Result<(), ReadError>, Parsed);

/// Feeds the pieces between the cuts; the last one ends the text, or a piece of
/// no bytes does.
fn fed(kind: usize, bytes: &[u8], cuts: &[usize], empty_end: bool, memory: usize) -> Outcome {
    let mut collector = Collector::new(memory);
    let result = (|| {
        let mut reader = reader(kind);
        let mut begin = 0;
        for &cut in cuts {
            reader.feed(&bytes[begin..cut], &mut collector)?;
            begin = cut;
        }
        if empty_end {
            reader.feed(&bytes[begin..], &mut collector)?;
            begin = bytes.len();
        }
        reader.finish(&bytes[begin..], &mut collector)
    })();
    (result, collector.take())
}

fn whole(kind: usize, bytes: &[u8], memory: usize) -> Outcome {
    fed(kind, bytes, &[], false, memory)
}

/// Two pieces, at any place, and a byte a piece.
#[track_caller]
fn reads_the_same_in_any_pieces(kind: usize, bytes: &[u8]) {
    let expected = whole(kind, bytes, MEMORY);
    let text = String::from_utf8_lossy(bytes);
    for empty_end in [false, true] {
        for cut in 0..=bytes.len() {
            let cut_once = fed(kind, bytes, &[cut], empty_end, MEMORY);
            assert_eq!(cut_once, expected, "{kind} {text:?} cut at {cut}");
        }
        let every: Vec<usize> = (0..=bytes.len()).collect();
        let crumbs = fed(kind, bytes, &every, empty_end, MEMORY);
        assert_eq!(crumbs, expected, "{kind} {text:?} in single bytes");
    }
}

#[test]
fn what_is_on_the_edge() {
    let bodies: [&[u8]; 62] = [
        b"",
        b" \n\t",
        b"[",
        b"[ ",
        b"[]",
        b" [ ] ",
        b"[,]",
        b"[1,",
        b"[1,,]",
        b"[1 , ]\n",
        b"[12",
        b"[12]",
        b"[-",
        b"[-]",
        b"[1.",
        b"[1.]",
        b"[1.5e",
        b"[1.5e+]",
        b"[01]",
        b"[1 2]",
        b"[1a,2]",
        b"[1\xc3\xa9]",
        b"[1\"a\"]",
        b"[tru",
        b"[tru]",
        b"[true]",
        b"[truex]",
        b"[nulx",
        b"[nul\xff]",
        b"[nulx\xff]",
        b"[1a\xff]",
        b"[\"a\\\"b\\\\\",\"\\u00e9\"]",
        b"[\"\\u0g\"]",
        b"[\"\\u00",
        b"[\"\\",
        b"[\"a\nb\"]",
        b"[\"a\n\xff\"]",
        b"[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\x8a\"]",
        b"[\"\xe2\x82",
        b"[\"\xe2\x28\xa1\"]",
        b"[\xf0\x9f\x8c]",
        b"[{]",
        b"[{]}",
        b"[{\"a\" \"b\"}]",
        b"[{\"a\" \"b\"\xff}]",
        b"[{\"a\":[1}]",
        b"[[[[]]]",
        b"[}",
        b"[:]",
        b"[1] x",
        b"[1]\n\n  ]",
        b"{\"a\":1}",
        b"{\"a\":1} x",
        b"{\"data\":[1]}",
        b"{ \"data\"\n:\t[ {}, ] } ",
        b"{\"data\" [1]}",
        b"{\"dat\xc3\xa9\":[1]}",
        b"{\"data\":{\"x\":\"}\"}}",
        b"{\"data\":[1],\"more\":1}",
        b"{\"data\":[1]]",
        b"12 ",
        b"nul",
    ];
    for body in bodies {
        for kind in [0, 1, 3] {
            reads_the_same_in_any_pieces(kind, body);
        }
    }
    for body in [
        &b"\xef\xbb\xbfname,t,v\r\na,1,2\r\n\r\n\"a\",2,3\r\na,x\r"[..],
        b"\n\xef\xbb\xbfname,t,v\n",
        b"name,t,v,tags\na,1,2,\"x;y\"\n\"a,1,2,\nb,1,2,\xc3\xa9\n\xff",
        b"\xef\xbb",
        b"name,t,v",
        b"t,v\na\xff",
        b"name,t,v,tags\r\nN,1,2,\"note\r\nN,5,6,x\r\n\"\r\nN,9,9,\r\n\r\nN,9,x,",
        b"v,\"tags\",name,t\n2,\"a \"\"b\"\"\",N,1\nx,,N,1\n",
        b"name,t,v\n\"a\"b,1,2\na\"b\",1,2\n\"a\" ,1,2\n\"a\"\r,1,2\n\"a\"\"\",1,2\r\na,1,2",
        b"name,t,v\n\"a\nb\xff",
        b"name,t,v\na,1,\"2\"\r",
        b"\"name\n\",t,v\na,1,2",
        b"name,t,v\n\"a,1,2\r\n\r",
        b"name,\"t,v\na,1,2\n",
    ] {
        reads_the_same_in_any_pieces(2, body);
    }
    let lines = b"{\"name\":\"a\",\"t\":1,\"v\":2}\r\n\n  \n 7 \n{\"name\":\"a\",\"t\":1,\"v\":2}";
    reads_the_same_in_any_pieces(1, lines);
    reads_the_same_in_any_pieces(1, &[&lines[..], b" x\n"].concat());
}

/// Before any text, whole or not, and in the middle.
#[test]
fn byte_order_marks() {
    for body in [
        &b"\xef\xbb\xbf"[..],
        b"\xef\xbb\xbf\xef\xbb\xbf",
        b"\xef\xbb\xbf \n",
        b"\xef\xbb\xbf[1]",
        b"\xef\xbb\xbf[1 \xef\xbb\xbf2]",
        b"\xef\xbb\xbf{\"data\":[1,]}",
        b"\xef\xbb\xbf1\n\xef\xbb\xbf2\n",
        b"\xef\xbb\xbfname,t,v\na,1,2\n\xef\xbb\xbfa,1,2\n",
        b"\xef\xbb\xbe[1]",
        b"\xef\xbb[1]",
    ] {
        for kind in 0..KINDS {
            reads_the_same_in_any_pieces(kind, body);
        }
    }
}

/// Around the longest item, cut near its end.
#[test]
fn long_items() {
    for more in [0, 1, 9] {
        let length = MAX_ITEM - 1 + more;
        let word = |byte: &str, others: usize| byte.repeat(length - others);
        for item in [
            format!("\"{}\"", word("a", 2)),
            format!("\"{}\u{1}\"", word("a", 3)),
            format!("\"{}\"", "\u{e9}".repeat(length / 2 - 1)),
            "\u{e9}".repeat(length / 2),
            word("1", 0),
            format!("true{}", word("e", 4)),
            format!("[{}]", word(" ", 2)),
            format!("[{}}}", word(" ", 2)),
            format!("[1{}1]", word(" ", 4)),
            format!("{{\"name\":\"a\",\"t\":1,\"v\":2{}}}", word(" ", 24)),
        ] {
            cut_at_its_end(0, &format!("[{item},1]"), length);
            cut_at_its_end(0, &item[..item.floor_char_boundary(length - 1)], length);
        }
        let blanks = word(" ", 9);
        cut_at_its_end(1, &format!("1\n1{blanks}\n2"), length);
        cut_at_its_end(1, &blanks, length);
        cut_at_its_end(2, &format!("name,t,v\n{blanks}\na"), length);
        let lines = ["\"", &word("\n", 11), "\""].concat();
        cut_at_its_end(2, &format!("name,t,v\n{lines}\na"), length);
        cut_at_its_end(2, &format!("name,t,v\n{lines}"), length);
        cut_at_its_end(2, &format!("name,t,v\n\"{}", word("\n", 10)), length);
        cut_at_its_end(3, &format!("{{{blanks}\"data\":[1]}}"), length);
        cut_at_its_end(3, &format!("{{{blanks}\"date\":[1]}}"), length);
        cut_at_its_end(3, &format!("{{\"data\":[1{blanks},2]}}"), length);
    }
}

#[track_caller]
fn cut_at_its_end(kind: usize, text: &str, length: usize) {
    let bytes = text.as_bytes();
    let expected = whole(kind, bytes, MEMORY);
    for cut in [length - 1, length, length + 1].map(|cut| cut.min(bytes.len())) {
        let cut_once = fed(kind, bytes, &[cut], true, MEMORY);
        assert!(cut_once == expected, "{kind} {cut} {:?}", expected.0);
    }
}

/// What is like a body of any kind, and perhaps broken.
fn nearly() -> impl Strategy<Value = Vec<u8>> {
    let point = "{\"name\":\"a\",\"t\":1,\"v\":2}";
    let row = "{\"measurement\":\"e\",\"timestamp\":\"1\",\"tags\":{\"muid\":\"m\"},\"x\":1}";
    let text = prop_oneof![
        4 => Just(format!("{point},")),
        2 => Just(format!("{point}\n")),
        2 => Just(format!("{row}, ")),
        1 => Just("{\"t\":1,\"name\":\"b\\u0061\",\"v\":\"\u{e9}\",\"tags\":[\"x\"]},\n".to_owned()),
        1 => Just("{ \"data\" : [".to_owned()),
        1 => Just("{\"data\":[".to_owned()),
        1 => Just("name,t,v\n".to_owned()),
        1 => Just("a,1,2\r\n".to_owned()),
        1 => Just("\"a\",1,\"2\",\"x;y\"\n".to_owned()),
        1 => Just("a,1,2,\"note\r\na,5,6,x\n\"\r\n".to_owned()),
        1 => "[a\",,\r\n]{1,6}",
        1 => Just("\"a,\"\"\",1,2\n".to_owned()),
        1 => Just("]".to_owned()),
        1 => Just("]}".to_owned()),
        1 => Just("[".to_owned()),
        1 => "[\\[\\]{}:,\"\\\\ \n\r\t0-9.eE+-]{1,4}",
        1 => "(\"name\"|\"t\"|\"v\"|\"tags\"|true|null|NaN|a|\u{e9}|\u{20ac}|\u{1f30a}|\u{feff})",
    ];
    let piece = prop_oneof![
        20 => text.prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 1..3),
    ];
    prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat())
}

/// The same with what most bodies begin and end with.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let begin = prop::sample::select(vec![
        "",
        "[",
        "[",
        " {\"data\":[",
        "name,t,v\n",
        "v,\"name\",tags,t\r\n",
        "\u{feff}",
        "\u{feff}[",
    ]);
    let end = prop::sample::select(vec!["", "]", "]}", ",]", "\n"]);
    (begin, nearly(), end)
        .prop_map(|(begin, middle, end)| [begin.as_bytes(), &middle, end.as_bytes()].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_text_reads_the_same_in_any_pieces(
        body in body(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        empty_end: bool,
        memory in prop_oneof![3 => Just(MEMORY), 1 => 100usize..3000],
    ) {
        let mut cuts: Vec<usize> = cuts.iter().map(|at| at.index(body.len() + 1)).collect();
        cuts.sort_unstable();
        let every: Vec<usize> = (0..body.len()).collect();
        for kind in 0..KINDS {
            let expected = whole(kind, &body, memory);
            prop_assert_eq!(&fed(kind, &body, &cuts, empty_end, memory), &expected);
            prop_assert_eq!(&fed(kind, &body, &every, empty_end, memory), &expected);
        }
    }

    /// Batches that are taken in between hold the same points in the same order.
    #[test]
    fn batches_hold_what_the_whole_holds(body in body(), size in 1usize..40) {
        for kind in 0..KINDS {
            let (expected, all) = whole(kind, &body, MEMORY);
            let mut collector = Collector::new(MEMORY);
            let (mut reader, mut accepted, mut rejects) = (reader(kind), Vec::new(), Vec::new());
            let mut gather = |collector: &mut Collector| {
                let batch = collector.take();
                prop_assert_eq!(batch.accepted + batch.rejected, {
                    let points: usize = batch.series.iter().map(SeriesPoints::len).sum();
                    points + batch.rejects.len()
                });
                let points = rows(&batch.series).into_iter();
                accepted.extend(points.map(|row| (row.1, row.2, row.3.to_bits(), row.4)));
                rejects.extend(batch.rejects.into_iter().map(|reject| reject.payload));
                Ok(())
            };
            let mut result = Ok(());
            for piece in body.chunks(size) {
                result = reader.feed(piece, &mut collector);
                gather(&mut collector)?;
                if result.is_err() {
                    break;
                }
            }
            if result.is_ok() {
                result = reader.finish(b"", &mut collector);
                gather(&mut collector)?;
            }
            prop_assert_eq!(result, expected);
            let points = rows(&all.series).into_iter();
            let points: Vec<_> = points.map(|row| (row.1, row.2, row.3.to_bits(), row.4)).collect();
            prop_assert_eq!(accepted, points);
            let payloads: Vec<_> = all.rejects.into_iter().map(|reject| reject.payload).collect();
            prop_assert_eq!(rejects, payloads);
        }
    }
}
