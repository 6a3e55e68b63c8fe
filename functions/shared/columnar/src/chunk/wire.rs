//! Bytes, one after the other: what every column is written with and read from.

use super::ChunkError;

/// Appends an unsigned number, seven bits a byte, the lowest first (LEB128).
pub(super) fn put_varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(low_byte(number) | 0x80);
        number >>= 7;
    }
    out.push(low_byte(number));
}

/// Appends a signed number; near zero, of either sign, it is short.
pub(super) fn put_signed(number: i64, out: &mut Vec<u8>) {
    put_varint((number << 1 ^ number >> 63).cast_unsigned(), out);
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "the low byte is what is wanted"
)]
pub(super) const fn low_byte(number: u64) -> u8 {
    number as u8
}

/// What is left to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn bytes(&mut self, length: usize) -> Result<&'a [u8], ChunkError> {
        let (head, rest) = self
            .0
            .split_at_checked(length)
            .ok_or(ChunkError::Malformed("it ends too soon"))?;
        self.0 = rest;
        Ok(head)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], ChunkError> {
        let (head, rest) = self
            .0
            .split_first_chunk()
            .ok_or(ChunkError::Malformed("it ends too soon"))?;
        self.0 = rest;
        Ok(*head)
    }

    pub(super) fn byte(&mut self) -> Result<u8, ChunkError> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn varint(&mut self) -> Result<u64, ChunkError> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(ChunkError::Malformed("a number has more than 64 bits"))
    }

    pub(super) fn signed(&mut self) -> Result<i64, ChunkError> {
        let number = self.varint()?;
        Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    /// A count or a length that is at most `limit`.
    pub(super) fn count(&mut self, limit: usize) -> Result<usize, ChunkError> {
        usize::try_from(self.varint()?)
            .ok()
            .filter(|&count| count <= limit)
            .ok_or(ChunkError::Malformed("a count is too large"))
    }

    /// That all was read.
    pub(super) const fn end(self) -> Result<(), ChunkError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(ChunkError::Malformed("bytes are left over"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_of_more_than_64_bits_are_errors() {
        let mut nine = vec![0xff; 9];
        nine.push(1);
        assert_eq!(Reader(&nine).varint(), Ok(u64::MAX));
        nine[9] = 2;
        assert!(Reader(&nine).varint().is_err());
        assert!(Reader(&[0xff; 20]).varint().is_err());
        assert!(Reader(&[0x80]).varint().is_err());
        assert!(Reader(&[5]).count(4).is_err());
    }

    proptest! {
        #[test]
        fn numbers_read_as_they_were_written(unsigned: u64, signed: i64, shift in 0u32..64) {
            let (unsigned, signed) = (unsigned >> shift, signed >> shift);
            let mut bytes = Vec::new();
            put_varint(unsigned, &mut bytes);
            put_signed(signed, &mut bytes);
            let mut reader = Reader(&bytes);
            prop_assert_eq!(reader.varint(), Ok(unsigned));
            prop_assert_eq!(reader.signed(), Ok(signed));
            prop_assert_eq!(reader.end(), Ok(()));
        }
    }
}
