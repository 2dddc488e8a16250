//! HTTP/1.1 as bytes, where a case or a variant writes them itself.

use super::Response;

/// A response as bytes hold it, however much of its body has come.
#[must_use]
pub fn begun(heard: &[u8]) -> Option<Response> {
    let (head, body) = parted(heard)?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.trim().to_lowercase(), value.trim().to_owned()))
    });
    Some(Response {
        status,
        headers: headers.collect(),
        body: body.to_vec(),
    })
}

/// A response that has come whole, and the bytes behind it. One whose length nothing says is never
/// whole: it ends with its connection.
#[must_use]
pub fn whole(heard: &[u8]) -> Option<(Response, &[u8])> {
    let mut response = begun(heard)?;
    let (_, body) = parted(heard)?;
    let length = match response.status {
        100..=199 | 204 | 304 => 0,
        _ => response.header("content-length")?.parse().ok()?,
    };
    let (own, rest) = body.split_at_checked(length)?;
    response.body = own.to_vec();
    Some((response, rest))
}

/// How many whole responses have come.
#[must_use]
pub fn count(mut heard: &[u8]) -> usize {
    let mut count = 0;
    while let Some((_, rest)) = whole(heard) {
        heard = rest;
        count += 1;
    }
    count
}

/// The head of a message, and what stands behind it.
fn parted(heard: &[u8]) -> Option<(String, &[u8])> {
    let end = heard.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(heard.get(..end)?).into_owned();
    Some((head, heard.get(end + 4..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_read_from_its_bytes() {
        let read = begun(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 2\r\n\r\n{");
        let read = read.expect("its head is there");
        assert_eq!(
            (read.status, read.header("content-length")),
            (408, Some("2"))
        );
        assert_eq!(read.body, b"{");
        assert_eq!(begun(b"HTTP/1.1 408"), None);
    }

    #[test]
    fn responses_stand_one_behind_the_other() {
        let heard =
            b"HTTP/1.1 304 Not Modified\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
        let (first, rest) = whole(heard).expect("whole");
        let (second, nothing) = whole(rest).expect("whole");
        assert_eq!(
            (first.status, second.body.as_slice()),
            (304, b"{}".as_slice())
        );
        assert!(nothing.is_empty());
        assert_eq!(count(heard), 2);
        assert_eq!(
            count(&heard[..heard.len() - 1]),
            1,
            "the second lacks a byte"
        );
    }

    #[test]
    fn without_a_length_a_response_ends_with_its_connection() {
        assert_eq!(count(b"HTTP/1.1 200 OK\r\n\r\n{}"), 0);
    }
}
