use std::sync::atomic::Ordering;
use std::sync::mpsc;

use tidemark_core::name::{SeriesName, Tenant};
use tokio::task::{JoinHandle, yield_now};

use super::*;
use crate::recovery::recover;
use crate::schema;

/// A writer that is busy until it is told to go on. What is committed
/// meanwhile is a group.
async fn busy() -> (Arc<Writer>, Arc<Memory>, mpsc::Sender<()>) {
    let mut connection = Connection::open_in_memory().unwrap();
    schema::migrate(&mut connection).unwrap();
    let memory = Arc::new(recover(&connection).unwrap());
    let flusher = Flusher::new(Arc::clone(&memory));
    let writer = Arc::new(Writer::start(connection, Arc::clone(&memory), flusher));
    let ((begun, begins), (go_on, waits)) = (oneshot::channel(), mpsc::channel());
    let busy = Arc::clone(&writer);
    let command = move |_: &mut Transaction<'_>| {
        begun.send(()).unwrap();
        waits.recv().unwrap();
        Ok(())
    };
    tokio::spawn(async move { busy.commit(command).await });
    begins.await.unwrap();
    (writer, memory, go_on)
}

/// Has a command wait for its turn.
async fn waiting<T: Send + 'static>(
    writer: &Arc<Writer>,
    command: impl FnOnce(&mut Transaction<'_>) -> Result<T> + Send + 'static,
) -> JoinHandle<Result<T>> {
    let writer = Arc::clone(writer);
    let waiting = tokio::spawn(async move { writer.commit(command).await });
    // On the one thread of a test: it is polled once, and has its place.
    yield_now().await;
    waiting
}

fn series(transaction: &mut Transaction<'_>, name: &str) -> Result<i64> {
    let name = SeriesName::new(name).unwrap();
    Ok(transaction.entry(&Tenant::local(), &name)?.id)
}

#[tokio::test]
async fn a_command_that_fails_is_undone_alone() {
    let (writer, memory, go_on) = busy().await;
    let before = waiting(&writer, |transaction| {
        series(transaction, "a")?;
        Ok(transaction.next_sequence())
    });
    let before = before.await;
    let fails = waiting(&writer, |transaction| {
        series(transaction, "b")?;
        transaction.next_sequence();
        transaction.after_commit(|memory| memory.sequence.store(99, Ordering::Relaxed));
        Err::<(), _>(StoreError::new(Kind::Internal, "damaged"))
    });
    let fails = fails.await;
    let after = waiting(&writer, |transaction| {
        // The same as the first has made, and one that nobody has made.
        let ids = (series(transaction, "a")?, series(transaction, "b")?);
        let count = "SELECT count(*) FROM series";
        let there: i64 = transaction
            .connection
            .query_row(count, [], |row| row.get(0))
            .map_err(failed("counting"))?;
        Ok((ids, there, transaction.next_sequence()))
    });
    let after = after.await;
    go_on.send(()).unwrap();

    assert_eq!(before.await.unwrap().unwrap(), 1);
    let error = fails.await.unwrap().unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (Kind::Internal, "damaged")
    );
    let (ids, there, sequence) = after.await.unwrap().unwrap();
    assert_eq!((ids, there, sequence), ((1, 2), 2, 2));
    assert_eq!(memory.sequence.load(Ordering::Relaxed), 0);
    for (name, id) in [("a", 1), ("b", 2)] {
        let name = SeriesName::new(name).unwrap();
        assert_eq!(memory.entry(&Tenant::local(), &name).unwrap().id, id);
    }
}

#[tokio::test]
async fn who_loses_the_transaction_is_told_so() {
    let (writer, _, go_on) = busy().await;
    let before = waiting(&writer, |_| Ok(())).await;
    // As SQLite does by itself when the disk fails.
    let loses = waiting(&writer, |transaction| {
        let rolled_back = transaction.connection.execute_batch("ROLLBACK");
        rolled_back.map_err(failed("rolling back"))?;
        Err::<(), _>(StoreError::new(Kind::Unavailable, "the disk is full"))
    });
    let loses = loses.await;
    let after = waiting(&writer, |_| Ok(())).await;
    go_on.send(()).unwrap();

    for (lost, told) in [
        (before, "the transaction was given up"),
        (loses, "the disk is full"),
        (after, "the transaction was given up"),
    ] {
        let error = lost.await.unwrap().unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (Kind::Unavailable, told)
        );
    }
    writer.commit(|_| Ok(())).await.unwrap();
}

#[test]
fn pages_are_released_many_at_a_time() {
    let connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch(
            "PRAGMA auto_vacuum = INCREMENTAL; CREATE TABLE t (x);
             INSERT INTO t VALUES (zeroblob(10000000)); DELETE FROM t;",
        )
        .unwrap();
    let free_pages = || -> usize {
        connection
            .pragma_query_value(None, "freelist_count", |row| row.get(0))
            .unwrap()
    };
    let before = free_pages();
    release(&connection).unwrap();
    assert_eq!(free_pages(), before - TIDIED_PAGES);
}
