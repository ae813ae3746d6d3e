//! A text as it reads when what is encoded in it is decoded.
//!
//! A secret hides in a text as JSON writes it, percent-encoded, or in base64 at any alignment, and
//! in these inside of each other. Secrets are many and the text is little: so the text is decoded
//! into [`View`]s, and the secrets are not encoded. Each view knows where in the text its bytes
//! come from. A view may decode text that was not meant so: a word is base64 of something.
//! Compressed and encrypted texts stay what they are, and so does any other alphabet.

use std::ops::Range;

use super::known::{BYTES_MIN, Budget, KnownSecrets, TooMuch};

/// Number of encodings inside of each other that are undone: two, each of which may be JSON written
/// twice.
const DEPTH_MAX: usize = 4;

/// Places of known values in `text`, in clear or encoded. Places that overlap are one. A text that
/// costs too much to search is one place as a whole.
pub(super) fn places(known: &KnownSecrets, text: &str) -> Vec<Range<usize>> {
    if known.is_empty() || text.len() < BYTES_MIN {
        return Vec::new();
    }
    let mut budget = Budget::of(text.len());
    let Ok(mut found) = hits(known, text.as_bytes(), DEPTH_MAX, &mut budget) else {
        // Whatever it holds cannot be told.
        return std::iter::once(0..text.len()).collect();
    };
    found.sort_by_key(|place| place.start);
    let mut joined: Vec<Range<usize>> = Vec::new();
    for place in found {
        let place = text.floor_char_boundary(place.start)..text.ceil_char_boundary(place.end);
        match joined.last_mut() {
            Some(last) if place.start < last.end => last.end = last.end.max(place.end),
            Some(_) | None => joined.push(place),
        }
    }
    joined
}

fn hits(
    known: &KnownSecrets,
    text: &[u8],
    depth: usize,
    budget: &mut Budget,
) -> Result<Vec<Range<usize>>, TooMuch> {
    let mut found = known.find(text, budget)?;
    let Some(depth) = depth.checked_sub(1) else { return Ok(found) };
    for view in escapes(text).into_iter().filter_map(|escapes| View::unescaped(text, &escapes?)) {
        budget.spend(view.bytes.len())?;
        let inside = hits(known, &view.bytes, depth, budget)?;
        found.extend(inside.into_iter().map(|place| view.origin(&place)));
    }
    for run in runs(text) {
        let sextets: Vec<u8> =
            text.get(run.clone()).unwrap_or_default().iter().map(|c| sextet(*c)).collect();
        for skipped in 0..4 {
            let Some(view) = View::base64(&sextets, skipped, run.start) else { break };
            budget.spend(view.bytes.len())?;
            let inside = hits(known, &view.bytes, depth, budget)?;
            found.extend(inside.into_iter().map(|place| view.origin(&place)));
        }
    }
    Ok(found)
}

/// A decoded text.
struct View {
    bytes: Vec<u8>,
    from: From,
}

/// Origin of the bytes of a view.
enum From {
    /// Pieces that follow each other: as they are, or one escape.
    Pieces(Vec<Piece>),
    /// Groups of four characters from here on.
    Base64(usize),
}

struct Piece {
    /// Offset in the view at which it begins.
    shown: usize,
    /// Offset in the text at which it begins.
    text: usize,
    kind: PieceKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum PieceKind {
    Plain,
    Escape,
    End,
}

/// A way to escape.
struct Escapes {
    /// Bytes that an escape begins with; the same byte more than once where there are fewer.
    signs: [u8; 3],
    /// Decodes the escape that a text begins with, and tells its length.
    step: fn(&[u8]) -> Option<(Decoded, usize)>,
}

impl Escapes {
    fn first_in(&self, text: &[u8]) -> Option<usize> {
        let [a, b, c] = self.signs;
        memchr::memchr3(a, b, c, text)
    }
}

/// The ways that a text may be escaped in. The one with `+` for a space is left out if there is no
/// plus. A text with an escaped template is also read with backslashes alone: JSON leaves such a
/// template in a secret as it is.
fn escapes(text: &[u8]) -> [Option<Escapes>; 4] {
    let plus = || Escapes { signs: *b"%%+", step: percent_or_plus };
    let has = |template: &[u8]| memchr::memmem::find(text, template).is_some();
    let backslash = || Escapes { signs: *b"\\\\\\", step: escape };
    [
        Some(Escapes { signs: *b"\\$%", step: escape }),
        (has(b"$${") || has(b"%%{")).then(backslash),
        Some(Escapes { signs: *b"%%%", step: percent }),
        memchr::memchr(b'+', text).map(|_| plus()),
    ]
}

/// Meaning of an escape.
enum Decoded {
    Byte(u8),
    Character(char),
    /// `${` or `%{`.
    Template(u8),
}

impl View {
    /// The text with its escapes undone; nothing when it has none.
    fn unescaped(text: &[u8], escapes: &Escapes) -> Option<Self> {
        let mut view = Self { bytes: Vec::new(), from: From::Pieces(Vec::new()) };
        let mut pieces = Vec::new();
        let mut plain_from = 0;
        let mut at = 0;
        while let Some(next) = text.get(at..).and_then(|rest| escapes.first_in(rest)) {
            at += next;
            let Some((decoded, length)) = text.get(at..).and_then(escapes.step) else {
                at += 1;
                continue;
            };
            let shown = view.bytes.len();
            pieces.push(Piece { shown, text: plain_from, kind: PieceKind::Plain });
            view.bytes.extend_from_slice(text.get(plain_from..at).unwrap_or_default());
            pieces.push(Piece { shown: view.bytes.len(), text: at, kind: PieceKind::Escape });
            match decoded {
                Decoded::Byte(byte) => view.bytes.push(byte),
                Decoded::Character(character) => {
                    view.bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
                Decoded::Template(sign) => view.bytes.extend_from_slice(&[sign, b'{']),
            }
            at += length;
            plain_from = at;
        }
        if pieces.is_empty() {
            return None;
        }
        let shown = view.bytes.len();
        pieces.push(Piece { shown, text: plain_from, kind: PieceKind::Plain });
        view.bytes.extend_from_slice(text.get(plain_from..).unwrap_or_default());
        pieces.push(Piece { shown: view.bytes.len(), text: text.len(), kind: PieceKind::End });
        view.from = From::Pieces(pieces);
        Some(view)
    }

    /// The bytes of a run of base64 characters that begins at `start`, without its first `skipped`
    /// characters.
    fn base64(sextets: &[u8], skipped: usize, start: usize) -> Option<Self> {
        let characters = sextets.get(skipped..).filter(|rest| rest.len() >= BASE64_MIN)?;
        let mut bytes = Vec::with_capacity(characters.len() / 4 * 3 + 2);
        let mut groups = characters.chunks_exact(4);
        for group in &mut groups {
            let bits = bits(group);
            let [_, a, b, c] = bits.to_be_bytes();
            bytes.extend_from_slice(&[a, b, c]);
        }
        // Two characters hold one more byte, three hold two.
        let rest = groups.remainder();
        let bits = bits(rest);
        let [_, a, b, _] = match rest.len() {
            2 => bits << 12,
            3 => bits << 6,
            _ => 0_u32,
        }
        .to_be_bytes();
        bytes.extend([a, b].into_iter().take(rest.len().saturating_sub(1)));
        Some(Self { bytes, from: From::Base64(start + skipped) })
    }

    /// The place in the text that a place of the view comes from.
    fn origin(&self, place: &Range<usize>) -> Range<usize> {
        let last = place.end.saturating_sub(1).max(place.start);
        match &self.from {
            From::Base64(start) => {
                start + place.start / 3 * 4 + place.start % 3..start + last / 3 * 4 + last % 3 + 2
            }
            From::Pieces(pieces) => {
                origin_of(pieces, place.start).start..origin_of(pieces, last).end
            }
        }
    }
}

/// The place in the text that one byte of a view comes from.
fn origin_of(pieces: &[Piece], at: usize) -> Range<usize> {
    let after = pieces.partition_point(|piece| piece.shown <= at);
    let piece = after.checked_sub(1).and_then(|index| pieces.get(index));
    let end = pieces.get(after).map_or(0, |next| next.text);
    match piece {
        Some(piece) if piece.kind == PieceKind::Plain => {
            let start = piece.text + (at - piece.shown);
            start..start + 1
        }
        Some(piece) => piece.text..end.max(piece.text),
        None => 0..end,
    }
}

/// Decodes the backslash escapes of JSON, Terraform, Go and Rust, and Terraform's doubled `$` and
/// `%`.
fn escape(text: &[u8]) -> Option<(Decoded, usize)> {
    let byte = |byte| Some((Decoded::Byte(byte), 2));
    match text {
        [b'$', b'$', b'{', ..] => Some((Decoded::Template(b'$'), 3)),
        [b'%', b'%', b'{', ..] => Some((Decoded::Template(b'%'), 3)),
        [b'\\', second, rest @ ..] => match second {
            b'"' | b'\\' | b'/' | b'\'' => byte(*second),
            b'n' => byte(b'\n'),
            b't' => byte(b'\t'),
            b'r' => byte(b'\r'),
            b'b' => byte(8),
            b'f' => byte(12),
            b'a' => byte(7),
            b'v' => byte(11),
            b'0' => byte(0),
            b'x' => Some((Decoded::Byte(u8::try_from(hex(rest.first_chunk::<2>()?)?).ok()?), 4)),
            b'U' => Some((Decoded::Character(char::from_u32(hex(rest.first_chunk::<8>()?)?)?), 10)),
            b'u' => unicode(rest),
            _ => None,
        },
        _ => None,
    }
}

/// Decodes the text after `\u`: four digits, twice four for a pair of surrogates, or digits in
/// braces.
fn unicode(rest: &[u8]) -> Option<(Decoded, usize)> {
    if let Some(inside) = rest.strip_prefix(b"{") {
        let length = inside.iter().take(7).position(|byte| *byte == b'}')?;
        let character = char::from_u32(hex(inside.get(..length)?)?)?;
        return Some((Decoded::Character(character), length + 4));
    }
    let first = hex(rest.first_chunk::<4>()?)?;
    if let Some(character) = char::from_u32(first) {
        return Some((Decoded::Character(character), 6));
    }
    let second = hex(rest.get(4..)?.strip_prefix(b"\\u")?.first_chunk::<4>()?)?;
    let units = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
    let character = char::decode_utf16(units).next()?.ok()?;
    Some((Decoded::Character(character), 12))
}

fn percent(text: &[u8]) -> Option<(Decoded, usize)> {
    let digits = text.strip_prefix(b"%")?.first_chunk::<2>()?;
    Some((Decoded::Byte(u8::try_from(hex(digits)?).ok()?), 3))
}

/// Decodes as in a query, where a space is a `+`.
fn percent_or_plus(text: &[u8]) -> Option<(Decoded, usize)> {
    match text {
        [b'+', ..] => Some((Decoded::Byte(b' '), 1)),
        _ => percent(text),
    }
}

/// The number that up to eight hexadecimal digits stand for.
fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0_u32, |number, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        number.checked_mul(16)?.checked_add(digit)
    })
}

/// Fewest characters that hold six bytes.
const BASE64_MIN: usize = 8;

/// The runs of characters of either alphabet of base64.
fn runs(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let start = at;
            let length = rest.iter().position(|byte| !is_base64(*byte)).unwrap_or(rest.len());
            at += length + 1;
            if length >= BASE64_MIN {
                return Some(start..start + length);
            }
        }
        None
    })
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// The six bits of a character of base64, in the usual or the alphabet for URLs.
fn sextet(character: u8) -> u8 {
    match character {
        b'A'..=b'Z' => character - b'A',
        b'a'..=b'z' => character - b'a' + 26,
        b'0'..=b'9' => character - b'0' + 52,
        b'+' | b'-' => 62,
        _ => 63,
    }
}

/// The bits of up to four sextets.
fn bits(sextets: &[u8]) -> u32 {
    sextets.iter().fold(0, |bits, sextet| bits << 6 | u32::from(*sextet))
}
