use super::*;
use crate::channels::app::sample::{Own, id};

fn open(inboxes: &Inboxes, phone: &Phone) -> Inbox {
    let first = [Notice::Inbox(None)].into_iter();
    inboxes.open(phone.clone(), first).expect("an inbox")
}

#[tokio::test]
async fn an_inbox_gives_all_that_was_put_in_each_request_once() {
    let inboxes = Inboxes::default();
    let (blue, red) = (Own::new(1).listed(), Own::new(2).listed());
    let inbox = open(&inboxes, &blue);
    let other = open(&inboxes, &red);
    for number in [1, 2, 1, 1] {
        assert!(inboxes.put(blue.address(), &Notice::Request(id(number))));
    }
    assert_eq!(inbox.next().await, Some(Notice::Inbox(None)));
    assert_eq!(inbox.next().await, Some(Notice::Request(id(1))));
    inboxes.put(blue.address(), &Notice::Request(id(1)));
    assert_eq!(inbox.next().await, Some(Notice::Request(id(2))));
    assert_eq!(
        inbox.next().await,
        Some(Notice::Request(id(1))),
        "it is news again"
    );
    assert_eq!(other.next().await, Some(Notice::Inbox(None)));
    assert_eq!(other.inboxes.lock().open[&other.number].queue.len(), 0);
    assert!(inboxes.listens(blue.address()));
    drop(inbox);
    assert!(!inboxes.listens(blue.address()));
    assert!(!inboxes.put(blue.address(), &Notice::Request(id(1))));
    assert!(inboxes.listens(red.address()));
}

#[tokio::test]
async fn who_waits_is_woken_by_what_comes_and_by_the_end() {
    let inboxes = Inboxes::default();
    let blue = Own::new(1).listed();
    let inbox = open(&inboxes, &blue);
    inbox.next().await;
    let (heard, ()) = tokio::join!(inbox.next(), async {
        tokio::task::yield_now().await;
        inboxes.put(blue.address(), &Notice::Test(Hex32([1; 32])));
    });
    assert_eq!(heard, Some(Notice::Test(Hex32([1; 32]))));
    inboxes.put(blue.address(), &Notice::Request(id(1)));
    let (heard, ()) = tokio::join!(inbox.next(), async {
        inboxes.revoke(blue.address());
    });
    assert_eq!(heard, Some(Notice::Request(id(1))));
    inboxes.put(blue.address(), &Notice::Request(id(2)));
    assert_eq!(inbox.next().await, Some(Notice::Revoked));
    assert_eq!(
        inbox.next().await,
        None,
        "nothing comes after the last word"
    );
}

#[tokio::test]
async fn there_are_so_many_inboxes_and_so_much_in_each() {
    let inboxes = Inboxes::default();
    let blue = Own::new(1).listed();
    let mut own: Vec<Inbox> = (0..=MOST_PER_PHONE)
        .map(|_| open(&inboxes, &blue))
        .collect();
    let oldest = own.remove(0);
    assert_eq!(oldest.next().await, None, "closed for the newest");
    drop(oldest);
    assert_eq!(inboxes.lock().open.len(), MOST_PER_PHONE);
    for number in 0..100 {
        let mut nonce = [0; 32];
        nonce[0] = number;
        inboxes.put(blue.address(), &Notice::Test(Hex32(nonce)));
        inboxes.put(blue.address(), &Notice::Request(id(number)));
    }
    let queue = inboxes.lock().open[&own[0].number].queue.len();
    assert_eq!(queue, MOST_OTHERS + 100);
    let phones: Vec<Phone> = (0..=255).map(|number| Own::new(number).listed()).collect();
    let more: Vec<Inbox> = phones
        .iter()
        .cycle()
        .take(2 * MOST)
        .map_while(|phone| inboxes.open(phone.clone(), std::iter::empty()))
        .collect();
    assert_eq!(inboxes.lock().open.len(), MOST);
    drop(more);
    assert!(inboxes.open(blue, std::iter::empty()).is_some());
}
