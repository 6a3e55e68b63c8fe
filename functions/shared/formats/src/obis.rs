//! OBIS codes (IEC 62056-61): what of which medium and channel a value measures.
//!
//! A code names a quantity and how it is counted, not the unit of the number beside
//! it: a meter's register tells that by an attribute of its own (`scaler_unit` of
//! COSEM, IEC 62056-62), and the same code is used by some for energy in Wh or kWh,
//! and by others (1.29.0 of a load profile) for its mean power in kW. So only what
//! comes in a measurement called `energy` has a unit here: its values are kWh, as
//! metered energy is exchanged between the companies of a market.

use tidemark_core::about::Label;
use tidemark_core::name::SeriesName;

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

/// The measurement whose values are energy.
const ENERGY: &str = "energy";
/// Group A: electricity.
const ELECTRICITY: u8 = 1;
/// Group C: active power of all phases, drawn (1) and fed in (2).
const ACTIVE: [u8; 2] = [1, 2];
/// Group D: its integral over time, since the meter began (8) and over each
/// period of a load profile (29).
const INTEGRALS: [u8; 2] = [8, 29];

/// The unit of a series of meters' values, `{measurement}:{muid}:{code}` with a
/// hexadecimal code, where that is certain: kWh for active energy of a measurement
/// `energy`, of any channel, tariff and period.
pub fn unit(series: &SeriesName) -> Option<Label> {
    let (measurement, rest) = series.as_str().split_once(':')?;
    let (_meter, code) = rest.split_once(':')?;
    let is_code = code.len() == 12 && code.bytes().all(|b| b.is_ascii_hexdigit());
    if measurement != ENERGY || !is_code {
        return None;
    }
    let group = |at: usize| u8::from_str_radix(code.get(at..at + 2)?, 16).ok();
    let is_energy =
        group(0)? == ELECTRICITY && ACTIVE.contains(&group(4)?) && INTEGRALS.contains(&group(6)?);
    is_energy.then_some(Label::KILOWATT_HOURS)
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

    #[test]
    fn a_unit_is_told_where_it_is_certain() {
        let unit = |name: &str| unit(&SeriesName::new(name).unwrap());
        let kwh = Some(Label::KILOWATT_HOURS);
        for energy in [
            "0100010800FF",
            "0100020800FF",
            "0100011D00FF",
            "0100021D00FF",
            // Another channel, a tariff, a past period; in small letters.
            "014101080263",
            "0100011d00ff",
        ] {
            assert_eq!(unit(&format!("energy:m:{energy}")), kwh, "{energy}");
            // What is measured may be anything.
            for measurement in ["power", "Energy", "energy.x"] {
                assert_eq!(unit(&format!("{measurement}:m:{energy}")), None);
            }
            assert_eq!(unit(&format!("energy:{energy}")), None);
            assert_eq!(unit(energy), None);
        }
        for other in [
            // Power, its greatest mean, reactive energy, a voltage, gas, heat.
            "0100010700FF",
            "0100010600FF",
            "0100030800FF",
            "0100200700FF",
            "070003000000",
            "060001000000",
            "0100010800F",
            "0100010800FF0",
            "1-0:1.8.0",
            "1.8.0",
        ] {
            assert_eq!(unit(&format!("energy:m:{other}")), None, "{other}");
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
