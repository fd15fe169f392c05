"""Ed25519 verification in plain Python (RFC 8032), for verifiers without `cryptography`: it cannot sign."""

from hashlib import sha512

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, P) % P
_SQRT_M1 = pow(2, (P - 1) // 4, P)
_BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
_BASE_Y = 46316835694926478169428394003475163141307993866256225615783033603165251855960

# Extended coordinates (X, Y, Z, T) of RFC 8032 section 5.1.4.
_Point = tuple[int, int, int, int]
_IDENTITY: _Point = (0, 1, 1, 0)
_BASE: _Point = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % P)

# The y of the points of order 1, 2, 4 and 8: with such a key one signature fits every message.
_Y8 = 2707385501144840649318225287225658788936804267575313519463743609750303402022
SMALL_ORDER_Y = frozenset({0, 1, P - 1, _Y8, P - _Y8})


def is_safe_key(raw: bytes) -> bool:
    """Tell whether `raw` spells a curve point canonically (y < p) and is none of the 8 small-order points.

    OpenSSL accepts both, so keys are checked here before any library sees them.
    """
    return _safe_point(raw) is not None


def verify(raw: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether `signature` over `message` is right under `raw`: strict, S < L, R compared as bytes."""
    key = _safe_point(raw)
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or len(signature) != 64 or scalar >= L:  # noqa: PLR2004 - RFC 8032 section 5.1.6
        return False
    challenge = int.from_bytes(sha512(signature[:32] + raw + message).digest(), "little") % L
    return _encode(_two_products(scalar, challenge, _negative(key))) == signature[:32]


def _safe_point(raw: bytes) -> _Point | None:
    y = int.from_bytes(raw, "little") & (1 << 255) - 1
    if len(raw) != 32 or y >= P or y in SMALL_ORDER_Y:  # noqa: PLR2004 - RFC 8032 section 5.1.5
        return None
    return _decode(raw)


def _decode(raw: bytes) -> _Point | None:
    """Return the point (RFC 8032 section 5.1.3), or nothing when the bytes are not on the curve."""
    number = int.from_bytes(raw, "little")
    sign, y = number >> 255, number & (1 << 255) - 1
    square = (y * y - 1) * pow(_D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * _SQRT_M1 % P
    if (x * x - square) % P:
        return None
    x = x if x & 1 == sign else P - x
    return x, y, 1, x * y % P


def _encode(point: _Point) -> bytes:
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _negative(point: _Point) -> _Point:
    x, y, z, t = point
    return P - x, y, z, P - t


def _add(a: _Point, b: _Point) -> _Point:
    """Return a + b by the complete formulas of RFC 8032 section 5.1.4: right for doubles too."""
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g = 2 * a[3] * b[3] * _D % P
    h = 2 * a[2] * b[2] % P
    e, f, g, h = f - e, h - g, h + g, f + e
    return e * f % P, g * h % P, f * g % P, e * h % P


def _two_products(a: int, b: int, point: _Point) -> _Point:
    """Return a * base + b * point, sharing the doublings."""
    both = (_IDENTITY, _BASE, point, _add(_BASE, point))
    found = _IDENTITY
    for bit in range(max(a.bit_length(), b.bit_length()) - 1, -1, -1):
        found = _add(found, found)
        which = (a >> bit & 1) | (b >> bit & 1) << 1
        if which:
            found = _add(found, both[which])
    return found
