//! Bytes as digits of hexadecimal, and back.

use std::fmt;

/// Prints bytes, two small digits each.
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The bytes that [`Hex`] printed so; None if it did not.
pub(crate) fn read<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

const fn digit(letter: u8) -> Option<u8> {
    match letter {
        b'0'..=b'9' => Some(letter - b'0'),
        b'a'..=b'f' => Some(letter - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_printed_and_read() {
        let every: [u8; 256] = std::array::from_fn(|byte| u8::try_from(byte).unwrap());
        let text = Hex(&every).to_string();
        assert!(text.starts_with("000102") && text.ends_with("fdfeff"));
        assert_eq!(read(&text), Some(every));
    }

    #[test]
    fn nothing_else_is_read() {
        assert_eq!(read("0a"), Some([10]));
        for wrong in ["", "0", "0A", "0g", " a", "+a", "0a0", "é"] {
            assert_eq!(read::<1>(wrong), None, "{wrong}");
        }
    }
}
