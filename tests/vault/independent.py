"""Open an SF1 value from the two databases and the root key alone: another library, no code shared.

Written from docs/sf1.md. AES comes from pycryptodome; GCM-SIV (RFC 8452) is spelled out here.
"""

import hmac

from Crypto.Cipher import AES


def polyval(key: bytes, data: bytes) -> bytes:
    h, s = int.from_bytes(key, "little"), 0
    for at in range(0, len(data), 16):
        a, product = s ^ int.from_bytes(data[at : at + 16], "little"), 0
        for bit in range(128):
            product ^= a if h >> bit & 1 else 0
            product = (product ^ (1 << 128 | 1 << 127 | 1 << 126 | 1 << 121 | 1 if product & 1 else 0)) >> 1
        s = product
    return s.to_bytes(16, "little")


def gcm_siv_keys(key: bytes, nonce: bytes) -> tuple[bytes, bytes]:
    aes = AES.new(key, AES.MODE_ECB)
    parts = [aes.encrypt(n.to_bytes(4, "little") + nonce)[:8] for n in range(6)]
    return b"".join(parts[:2]), b"".join(parts[2:])


def gcm_siv_tag(auth: bytes, enc: bytes, nonce: bytes, text: bytes, aad: bytes) -> bytes:
    lengths = b"".join((len(part) * 8).to_bytes(8, "little") for part in (aad, text))
    s = bytearray(polyval(auth, b"".join(part + bytes(-len(part) % 16) for part in (aad, text, lengths))))
    for i, byte in enumerate(nonce):
        s[i] ^= byte
    s[15] &= 0x7F
    return AES.new(enc, AES.MODE_ECB).encrypt(bytes(s))


def gcm_siv_stream(enc: bytes, tag: bytes, data: bytes) -> bytes:
    aes, out = AES.new(enc, AES.MODE_ECB), bytearray()
    start, rest = int.from_bytes(tag[:4], "little"), tag[4:15] + bytes([tag[15] | 0x80])
    for n in range(0, len(data), 16):
        pad = aes.encrypt(((start + n // 16) % 2**32).to_bytes(4, "little") + rest)
        out += bytes(a ^ b for a, b in zip(data[n : n + 16], pad, strict=False))
    return bytes(out)


def gcm_siv_open(key: bytes, nonce: bytes, data: bytes, aad: bytes) -> bytes:
    auth, enc = gcm_siv_keys(key, nonce)
    text = gcm_siv_stream(enc, data[-16:], data[:-16])
    assert gcm_siv_tag(auth, enc, nonce, text, aad) == data[-16:], "forged"
    return text


def mac(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, "sha256")


def clinic_key(root: bytes, wrapped: bytes, deployment: bytes, clinic: bytes, generation: int) -> bytes:
    context = deployment + clinic + generation.to_bytes(4, "big")
    text = gcm_siv_open(mac(root, b"SF1 root\x01"), wrapped[:12], wrapped[12:], b"SF1 root" + context)
    assert text[32:] == mac(text[:32], b"SF1 commit" + context)[:16], "another key"
    return text[:32]


def subject_key(clinic: bytes, subject: bytes, key_id: bytes, wrapped: bytes, wrapping: bytes) -> bytes:
    aad = b"SF1 wrap" + clinic + subject + key_id + wrapped[:4]
    text = gcm_siv_open(wrapping, wrapped[4:16], wrapped[16:], aad)
    assert text[32:] == mac(text[:32], b"SF1 commit" + key_id)[:16], "another key"
    return text[:32]


def open_value(
    box: bytes, key: bytes, clinic: bytes, subject: bytes, numbers: list[int], row: bytes
) -> bytes:
    assert box[:2] in (b"\xc1\x01", b"\xc1\x02"), "not SF1"
    aad = b"SF1" + box[:10] + clinic + subject + b"".join(n.to_bytes(4, "big") for n in numbers) + row
    if box[1] == 2:
        gcm = AES.new(mac(key, b"SF1 field GCM\x01"), AES.MODE_GCM, nonce=box[10:22]).update(aad)
        return gcm.decrypt_and_verify(box[22:-16], box[-16:]).rstrip(b"\0")[:-1]
    text = gcm_siv_open(mac(key, b"SF1 field\x01"), box[10:22], box[22:], aad)
    return text.rstrip(b"\0")[:-1]
