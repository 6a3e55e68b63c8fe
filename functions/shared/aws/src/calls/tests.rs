use std::cell::{Cell, RefCell};

use tidemark_ports::deadline;

use super::*;

const CALLS: usize = 8;

/// A table that takes `most` of what each call asks for.
async fn busy(items: usize, most: usize) -> (Result<Vec<usize>>, Vec<usize>) {
    let calls = RefCell::new(Vec::new());
    let call = |mut work: Vec<usize>| {
        calls.borrow_mut().push(work.len());
        let left = work.split_off(work.len().min(most));
        async { Ok(Done { found: work, left }) }
    };
    let work = (0..items).collect();
    let answer = each(&Budget::new(CALLS), work, 10, CALLS, call).await;
    (answer, calls.into_inner())
}

#[tokio::test(start_paused = true)]
async fn all_is_done_in_calls_that_are_full() {
    assert_eq!(busy(0, 10).await.1, [0; 0]);
    let (found, calls) = busy(101, 10).await;
    let mut found = found.unwrap();
    found.sort_unstable();
    assert_eq!(found, (0..101).collect::<Vec<_>>());
    assert_eq!(calls, [vec![10; 10], vec![1]].concat());
}

#[tokio::test(start_paused = true)]
async fn what_is_left_is_asked_for_again() {
    let (found, calls) = busy(25, 4).await;
    let mut found = found.unwrap();
    found.sort_unstable();
    assert_eq!(found, (0..25).collect::<Vec<_>>());
    assert_eq!(calls, [10, 10, 5, 10, 3, 6, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_table_that_stays_busy_is_given_up() {
    let begin = Instant::now();
    let (found, _) = busy(1, 0).await;
    assert_eq!(found.unwrap_err().kind(), Kind::Unavailable);
    let waited = begin.elapsed();
    assert!(waited > Duration::from_secs(10), "{waited:?}");
    assert!(waited < Duration::from_secs(16), "{waited:?}");
}

/// Pauses alone do not end it: each of its calls takes as long as one may.
#[tokio::test(start_paused = true)]
async fn a_service_that_does_not_answer_is_given_up() {
    let begin = Instant::now();
    let call = async |_: Vec<u8>| {
        tokio::time::sleep(Duration::from_secs(5)).await;
        Err::<Done<u8, ()>, _>(StoreError::new(Kind::Unavailable, "no answer"))
    };
    let error = each(&Budget::new(CALLS), vec![1], 1, CALLS, call).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
    assert!(causes(&error).contains("no answer"), "{error}");
    let waited = begin.elapsed();
    assert!(waited < Duration::from_secs(21), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_refused_as_a_whole_is_made_again_as_a_whole() {
    let calls = RefCell::new(Vec::new());
    let call = |work: Vec<u32>| {
        calls.borrow_mut().push(work.clone());
        let is_refused = calls.borrow().len() < 4;
        async move {
            if is_refused {
                return Err(StoreError::new(Kind::Unavailable, "throttled"));
            }
            let (found, left) = (work, Vec::new());
            Ok(Done { found, left })
        }
    };
    let found = each(&Budget::new(CALLS), vec![1, 2, 3], 2, CALLS, call).await;
    let mut found = found.unwrap();
    found.sort_unstable();
    assert_eq!(found, [1, 2, 3]);
    let expected = [vec![1, 2], vec![3], vec![1, 2], vec![3], vec![1, 2]];
    assert_eq!(calls.into_inner()[..], expected);
}

#[tokio::test(start_paused = true)]
async fn all_who_share_a_budget_make_no_more_calls_than_one() {
    let (now, most) = (Cell::new(0), Cell::new(0));
    let call = async |work: Vec<u32>| {
        now.set(now.get() + 1);
        most.set(most.get().max(now.get()));
        tokio::time::sleep(Duration::from_millis(10)).await;
        now.set(now.get() - 1);
        let (found, left) = (work, Vec::new());
        Ok(Done { found, left })
    };
    let budget = Budget::new(CALLS);
    let messages = (0..10).map(|_| each(&budget, (0..100).collect(), 1, CALLS, call));
    for found in futures_util::future::join_all(messages).await {
        assert_eq!(found.unwrap().len(), 100);
    }
    assert_eq!(most.get(), CALLS);
}

#[tokio::test(start_paused = true)]
async fn what_a_busy_table_refuses_is_tried_again_alone() {
    let tries = RefCell::new(Vec::new());
    let call = async |number: u32| {
        tries.borrow_mut().push(number);
        let many = tries.borrow().iter().filter(|t| **t == number).count();
        match number {
            3 if many < 4 => Err(StoreError::new(Kind::Unavailable, "busy")),
            _ => Ok(()),
        }
    };
    let budget = Budget::new(CALLS);
    for_each(&budget, vec![1, 2, 3, 4], 2, call).await.unwrap();
    let mut tries = tries.into_inner();
    tries.sort_unstable();
    assert_eq!(tries, [1, 2, 3, 3, 3, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn an_error_ends_it() {
    let calls = Cell::new(0);
    let call = |_: Vec<u8>| {
        calls.set(calls.get() + 1);
        async { Err::<Done<u8, ()>, _>(StoreError::new(Kind::Internal, "wrong")) }
    };
    let budget = Budget::new(CALLS);
    let error = each(&budget, vec![1, 2], 2, CALLS, call).await;
    let error = error.unwrap_err();
    assert_eq!((error.kind(), calls.get()), (Kind::Internal, 1));
}

/// A table that takes nothing until then, and all of it from then on.
async fn taken_from(free: Instant) -> Result<Vec<u32>> {
    let call = async |work: Vec<u32>| {
        let is_busy = Instant::now() < free;
        let (found, left) = if is_busy {
            (Vec::new(), work)
        } else {
            (work, Vec::new())
        };
        Ok(Done { found, left })
    };
    each(&Budget::new(CALLS), vec![1, 2, 3], 2, CALLS, call).await
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// When calls end, with so many seconds left.
const fn end(left: u64) -> Duration {
    seconds(left).saturating_sub(in_time::RESERVE)
}

#[tokio::test(start_paused = true)]
async fn a_busy_table_is_asked_as_long_as_there_is_time() {
    let begin = Instant::now();
    let work = taken_from(begin + seconds(40));
    let found = deadline::within(begin + seconds(60), work).await;
    assert_eq!(found.unwrap().len(), 3);
    let waited = begin.elapsed();
    assert!(seconds(40) <= waited && waited < seconds(45), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn with_little_time_left_it_is_given_up_while_that_can_be_told() {
    for left in [0, 1, 8] {
        let begin = Instant::now();
        let work = taken_from(begin + seconds(40));
        let found = deadline::within(begin + seconds(left), work).await;
        assert_eq!(found.unwrap_err().kind(), Kind::Unavailable);
        let most = end(left);
        assert!(begin.elapsed() <= most, "{:?}", begin.elapsed());
        // Nor is it given up long before.
        assert!(
            begin.elapsed() + seconds(4) >= most,
            "{:?}",
            begin.elapsed()
        );
    }
}

/// Pauses of one's own may be many, too.
#[tokio::test(start_paused = true)]
async fn no_pause_goes_beyond_the_time_that_is_left() {
    let begin = Instant::now();
    let pauses = std::iter::repeat_n(seconds(1), 100);
    let one = async |tries: u32| {
        let busy = StoreError::new(Kind::Unavailable, "busy");
        (tries + 1, Err::<(), _>(Undone::Contended(busy)))
    };
    let work = retry_after(pauses, 0, one);
    let (tries, outcome) = deadline::within(begin + seconds(8), work).await;
    assert!(outcome.is_err());
    assert_eq!((tries, begin.elapsed()), (8, seconds(7)));
}

/// What the second step has is what the first has left.
#[tokio::test(start_paused = true)]
async fn all_steps_have_one_deadline() {
    let begin = Instant::now();
    let steps = async {
        taken_from(begin + seconds(20)).await.unwrap();
        let second = taken_from(begin + seconds(60)).await;
        assert_eq!(second.unwrap_err().kind(), Kind::Unavailable);
        taken_from(begin + seconds(60)).await
    };
    let third = deadline::within(begin + seconds(28), steps).await;
    assert_eq!(third.unwrap_err().kind(), Kind::Unavailable);
    let waited = begin.elapsed();
    assert!(seconds(23) < waited, "{waited:?}");
    assert!(waited <= end(28), "{waited:?}");
}

/// So does one that waits for its turn behind it.
#[tokio::test(start_paused = true)]
async fn a_call_that_hangs_is_cut() {
    let begin = Instant::now();
    let call = async |_: Vec<u32>| {
        std::future::pending::<()>().await;
        Ok(Done::<u32, ()> {
            found: Vec::new(),
            left: Vec::new(),
        })
    };
    let budget = Budget::new(1);
    let work = each(&budget, vec![1, 2], 1, CALLS, call);
    let error = deadline::within(begin + seconds(8), work)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
    assert!(causes(&error).contains("took too long"), "{error}");
    assert_eq!(begin.elapsed(), end(8));
}

/// Work that gets on is not broken off where nobody waits for it.
#[tokio::test(start_paused = true)]
async fn without_a_deadline_a_long_call_is_waited_for() {
    let call = async |work: Vec<u32>| {
        tokio::time::sleep(seconds(100)).await;
        let (found, left) = (work, Vec::new());
        Ok(Done { found, left })
    };
    let found = each(&Budget::new(CALLS), vec![1], 1, CALLS, call).await;
    assert_eq!(found.unwrap(), [1]);
}
