use super::*;
use crate::point::Value;
use crate::summary::Summary;
use crate::time::Timestamp;

fn answers(numbers: &[f64]) -> impl Fn(&str) -> Answer {
    let times: Vec<Timestamp> = (0..)
        .map(|i| Timestamp::from_nanos(i * 500_000_000))
        .take(numbers.len())
        .collect();
    let values: Vec<Value> = numbers.iter().map(|&n| Value::new(n).unwrap()).collect();
    let summary = Summary::of(&times, &values, Parts::ALL);
    move |name| name.parse::<Stat>().unwrap().of(summary.as_ref())
}

#[track_caller]
fn assert_near(mine: Answer, expected: f64) {
    let Answer::Number(mine) = mine else {
        panic!("{mine:?} is not a number");
    };
    assert!(
        (mine / expected - 1.0).abs() < 1e-14,
        "{mine} is not {expected}"
    );
}

#[test]
fn names() {
    let names: Vec<_> = Stat::ALL.iter().map(|stat| stat.name()).collect();
    assert_eq!(
        names.join(" "),
        "avg sum count min max range first last median p90 p95 p99 variance stddev rms peak \
         peak_to_peak crest_factor skewness kurtosis min_time max_time first_time last_time duration"
    );
    let names: Vec<_> = Stat::MORE.iter().map(|stat| stat.name()).collect();
    assert_eq!(
        names.join(" "),
        "delta increase rate integral twa mode_step"
    );
    let quantiles = ["p99.9", "p0", "p100", "p12.000000001"].map(|name| name.parse().unwrap());
    for stat in Stat::named().chain(quantiles) {
        assert_eq!(stat.name().parse(), Ok(stat));
        assert_eq!(stat.to_string(), stat.name());
        let json = serde_json::to_string(&stat).unwrap();
        assert_eq!(json, format!("\"{stat}\""));
        assert_eq!(serde_json::from_str::<Stat>(&json).unwrap(), stat);
        let stored = postcard::to_stdvec(&stat).unwrap();
        assert_eq!(postcard::from_bytes::<Stat>(&stored).unwrap(), stat);
    }
    for wrong in [
        "AVG",
        "",
        "p",
        "p.5",
        "p5.",
        "p100.1",
        "p101",
        "p007",
        "p-1",
        "p+1",
        "p1e1",
        "p 1",
        "p1.0000000001",
        "P50",
        "p1,5",
        "p1.5.5",
    ] {
        assert_eq!(wrong.parse::<Stat>(), Err(UnknownStat), "{wrong}");
    }
}

#[test]
fn a_quantile_has_one_name() {
    for (asked, stat) in [
        ("p90", Stat::P90),
        ("p95.0", Stat::P95),
        ("p99.000000000", Stat::P99),
    ] {
        assert_eq!(asked.parse(), Ok(stat));
    }
    for (asked, name) in [
        ("p50", "p50"),
        ("p05", "p5"),
        ("p99.90", "p99.9"),
        ("p0.0", "p0"),
        ("p100.0", "p100"),
    ] {
        assert_eq!(asked.parse::<Stat>().unwrap().name(), name);
    }
}

/// Figures of numpy 2.4.6: np.quantile(numbers, [0, 0.001, 0.5, 0.999, 1]).
#[test]
fn any_quantile() {
    let answer = answers(&[3.0, 1.0, 4.0, 1.5, 5.0, 9.0, 2.0, 6.0]);
    assert_eq!(answer("p0"), Answer::Number(1.0));
    assert_eq!(answer("p0.1"), Answer::Number(1.0035));
    assert_eq!(answer("p50"), answer("median"));
    assert_eq!(answer("p99.9"), Answer::Number(8.979_000_000_000_001));
    assert_eq!(answer("p100"), Answer::Number(9.0));
}

#[test]
fn what_points_half_a_second_apart_add_up_to() {
    let answer = answers(&[1.0, 3.0, 2.0, 2.0]);
    assert_eq!(answer("delta"), Answer::Number(1.0));
    // A rise of 2, and a reset from which it rose to 2.
    assert_eq!(answer("increase"), Answer::Number(4.0));
    assert_eq!(answer("rate"), Answer::Number(4.0 / 1.5));
    assert_eq!(answer("integral"), Answer::Number(1.0 + 1.25 + 1.0));
    assert_eq!(answer("twa"), Answer::Number(3.25 / 1.5));
    assert_eq!(answer("mode_step"), Answer::Number(0.5));
    let answer = answers(&[7.0]);
    for name in ["delta", "increase", "integral"] {
        assert_eq!(answer(name), Answer::Number(0.0), "{name}");
    }
    for name in ["rate", "twa", "mode_step"] {
        assert_eq!(answer(name), Answer::Undefined, "{name}");
    }
    let answer = answers(&[f64::MIN, f64::MAX]);
    for name in ["integral", "twa"] {
        assert_eq!(answer(name), Answer::Number(0.0), "{name}");
    }
    for name in ["delta", "increase", "rate"] {
        assert_eq!(answer(name), Answer::Overflow, "{name}");
    }
}

#[test]
fn parts_are_those_that_the_answers_take() {
    let times = [Timestamp::from_nanos(0), Timestamp::from_nanos(1)];
    let values = [Value::new(1.0).unwrap(), Value::new(2.0).unwrap()];
    let all = Summary::of(&times, &values, Parts::ALL);
    for stat in Stat::named() {
        let enough = Summary::of(&times, &values, Stat::parts(&[stat]));
        assert_eq!(stat.of(enough.as_ref()), stat.of(all.as_ref()), "{stat}");
        assert_ne!(stat.of(all.as_ref()), Answer::Undefined, "{stat}");
        if Stat::parts(&[stat]) != Parts::NONE {
            let bare = Summary::of(&times, &values, Parts::NONE);
            assert_eq!(stat.of(bare.as_ref()), Answer::Undefined, "{stat}");
        }
    }
    assert_eq!(Stat::parts(&[Stat::Avg, Stat::Sum]), Parts::NONE);
    assert_eq!(Stat::parts(&[Stat::Rms]), Parts::STORED);
}

#[test]
fn no_points() {
    for stat in Stat::named() {
        let expected = match stat {
            Stat::Count => Answer::Count(0),
            Stat::Sum => Answer::Number(0.0),
            _ => Answer::Undefined,
        };
        assert_eq!(stat.of(None), expected, "{stat}");
    }
}

/// Figures of numpy 2.4.6; avg is `statistics.mean` of Python, which rounds once
/// (`fsum / 137` gives 0.24200000000000002).
#[test]
fn what_numpy_answers() {
    let numbers: Vec<f64> = (0..137)
        .map(|i| f64::from((i * 7919) % 1000) / 1000.0 - 0.25)
        .collect();
    let answer = answers(&numbers);
    assert_eq!(answer("avg"), Answer::Number(0.242));
    assert_eq!(answer("sum"), Answer::Number(33.154));
    assert_eq!(answer("count"), Answer::Count(137));
    assert_eq!(answer("min"), Answer::Number(-0.25));
    assert_eq!(answer("max"), Answer::Number(0.734));
    assert_eq!(answer("range"), Answer::Number(0.984));
    assert_eq!(answer("first"), Answer::Number(-0.25));
    assert_eq!(answer("last"), Answer::Number(0.734));
    assert_eq!(answer("median"), Answer::Number(0.242));
    assert_eq!(answer("p90"), Answer::Number(0.6452));
    assert_eq!(answer("p95"), Answer::Number(0.697_599_999_999_999_9));
    assert_eq!(answer("p99"), Answer::Number(0.729_919_999_999_999_9));
    assert_near(answer("variance"), 0.084_615_678_832_116_78);
    assert_near(answer("stddev"), 0.290_887_742_663_93);
    assert_near(answer("rms"), 0.378_390_907_438_480_6);
    assert_eq!(answer("peak"), Answer::Number(0.734));
    assert_eq!(answer("peak_to_peak"), answer("range"));
    assert_near(answer("crest_factor"), 1.939_792_911_433_356_7);
    assert_near(answer("kurtosis"), 1.795_005_541_163_024_4);
    assert_eq!(answer("min_time"), Answer::Time(Timestamp::from_nanos(0)));
    assert_eq!(answer("max_time"), answer("last_time"));
    assert_eq!(answer("first_time"), answer("min_time"));
    assert_eq!(answer("duration"), Answer::Number(68.0));
}

/// Figures of scipy's `skew(a)` and `kurtosis(a, fisher=False)`.
#[test]
fn what_scipy_answers() {
    let answer = answers(&[3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0]);
    assert_eq!(answer("variance"), Answer::Number(6.609_375));
    assert_near(answer("skewness"), 0.668_289_251_827_233_2);
    assert_near(answer("kurtosis"), 2.465_050_383_112_855);
}

#[test]
fn the_customers_sample() {
    let answer = answers(&[1.1, 2.4, 3.5]);
    assert_eq!(answer("avg"), Answer::Number(7.0 / 3.0));
    assert_eq!(answer("sum"), Answer::Number(7.0));
}

#[test]
fn what_is_undefined() {
    let answer = answers(&[5.0, 5.0]);
    assert_eq!(answer("variance"), Answer::Number(0.0));
    assert_eq!(answer("stddev"), Answer::Number(0.0));
    assert_eq!(answer("skewness"), Answer::Undefined);
    assert_eq!(answer("kurtosis"), Answer::Undefined);
    assert_eq!(answer("rms"), Answer::Number(5.0));
    assert_eq!(answer("crest_factor"), Answer::Number(1.0));
    let answer = answers(&[0.0, -0.0]);
    assert_eq!(answer("crest_factor"), Answer::Undefined);
}

#[test]
fn what_is_beyond_the_range() {
    let answer = answers(&[-1e308, 1e308, 1.5e308, 1.5e308]);
    assert_eq!(answer("range"), Answer::Overflow);
    assert_eq!(answer("peak_to_peak"), Answer::Overflow);
    assert_eq!(answer("sum"), Answer::Overflow);
    assert_eq!(answer("avg"), Answer::Number(7.5e307));
    assert_eq!(answer("variance"), Answer::Overflow);
    assert_near(answer("stddev"), 1.030_776_406_404_415_1e308);
    assert_near(answer("rms"), 1.274_754_878_398_196_2e308);
    assert_near(answer("median"), 1.25e308);
    let answer = answers(&[f64::MIN, f64::MAX]);
    assert_eq!(answer("sum"), Answer::Number(0.0));
    assert_eq!(answer("rms"), Answer::Number(f64::MAX));
    assert_eq!(answer("crest_factor"), Answer::Number(1.0));
}

#[test]
fn the_longest_duration() {
    let times = [Timestamp::MIN, Timestamp::MAX];
    let values = [Value::new(1.0).unwrap(); 2];
    let all = Summary::of(&times, &values, Parts::NONE);
    let answer = Stat::Duration.of(all.as_ref());
    assert_eq!(answer, Answer::Number(18_446_744_073.709_553));
}
