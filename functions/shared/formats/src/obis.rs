//! OBIS codes (IEC 62056-61): what of which medium and channel a value measures.

/// What stands for a group F that is left out: the current value.
const CURRENT: &str = "255";

/// The hexadecimal form of a code as meters print it, `A-B:C.D.E*F` in decimal
/// numbers of up to three digits, each a byte: two digits a group. `*F` may be left
/// out, and a meter that was reset by hand prints `&F`. `None` for what is not in this
/// form.
pub fn hexadecimal(printed: &str) -> Option<String> {
    let (medium, rest) = printed.split_once('-')?;
    let (channel, rest) = rest.split_once(':')?;
    let (rest, period) = rest.split_once(['*', '&']).unwrap_or((rest, CURRENT));
    let mut middle = rest.split('.');
    let groups = [
        medium,
        channel,
        middle.next()?,
        middle.next()?,
        middle.next()?,
        period,
    ];
    if middle.next().is_some() {
        return None;
    }
    let byte = |group: &str| {
        let is_number = group.len() <= 3 && group.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| group.parse::<u8>().ok()).flatten()
    };
    let groups = groups
        .into_iter()
        .map(|group| Some(format!("{:02X}", byte(group)?)));
    groups.collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn printed_codes_have_a_hexadecimal_form() {
        for (printed, hex) in [
            ("1-0:1.8.0*255", "0100010800FF"),
            ("1-0:1.8.0", "0100010800FF"),
            ("1-0:1.29.0&255", "0100011D00FF"),
            ("01-00:001.008.000*03", "010001080003"),
            ("7-1:99.33.17&12", "07016321110C"),
            ("255-255:255.255.255*255", "FFFFFFFFFFFF"),
        ] {
            assert_eq!(hexadecimal(printed).as_deref(), Some(hex), "{printed}");
        }
    }

    #[test]
    fn other_keys_are_no_printed_codes() {
        for other in [
            "",
            "0100010800FF",
            "1.8.0",
            "1.8.0*255",
            "0:1.8.0",
            "1-0:1.8",
            "1-0:1.8.0.255",
            "1-0:1.8.0*",
            "1-0:1.8.0*1*2",
            "1-0:1.8.0&1*2",
            "1-0:.8.0",
            "-0:1.8.0",
            "1-:1.8.0",
            "1-0:C.1.0",
            "1-0:+1.8.0",
            "1-0:1.8.0 ",
            "1-0:1.8.\u{661}",
            "1:0-1.8.0",
            // A group is a byte, of three digits at most.
            "256-0:1.8.0*255",
            "1-256:1.8.0",
            "1-0:300.8.0",
            "1-0:1.999.0",
            "1-0:1.8.256&1",
            "1-0:1.8.0*256",
            "0001-0:1.8.0",
            "1-0:1.8.0*0255",
        ] {
            assert_eq!(hexadecimal(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn every_code_is_read(groups: [u8; 6]) {
            let [a, b, c, d, e, f] = groups;
            let hex = format!("{a:02X}{b:02X}{c:02X}{d:02X}{e:02X}{f:02X}");
            for sign in ['*', '&'] {
                let printed = format!("{a}-{b}:{c}.{d}.{e}{sign}{f}");
                prop_assert_eq!(hexadecimal(&printed), Some(hex.clone()));
            }
        }
    }
}
