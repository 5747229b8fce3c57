// CryptEncode and CryptDecode for the methods that need no library: SHA-256 (FIPS 180-4) and base64 (RFC 4648).
#pragma once

#include "maths.h"

namespace rt {

inline std::vector<mql::uchar> sha256(const mql::uchar *data, std::size_t size) {
    static const std::uint32_t k[64] = {
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
        0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
        0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
        0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
        0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
        0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
        0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
        0xc67178f2};
    std::uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    std::vector<mql::uchar> message(data, data + size);
    message.push_back(0x80);
    while (message.size() % 64 != 56) message.push_back(0);
    for (int i = 7; i >= 0; --i) message.push_back(static_cast<mql::uchar>(static_cast<std::uint64_t>(size) * 8 >> (8 * i)));
    const auto turn = [](std::uint32_t x, int n) { return x >> n | x << (32 - n); };
    for (std::size_t at = 0; at < message.size(); at += 64) {
        std::uint32_t w[64];
        for (std::size_t i = 0; i < 16; ++i)
            w[i] = static_cast<std::uint32_t>(message[at + 4 * i]) << 24 | static_cast<std::uint32_t>(message[at + 4 * i + 1]) << 16 |
                   static_cast<std::uint32_t>(message[at + 4 * i + 2]) << 8 | message[at + 4 * i + 3];
        for (std::size_t i = 16; i < 64; ++i)
            w[i] = w[i - 16] + (turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 7] +
                   (turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ w[i - 2] >> 10);
        std::uint32_t s[8];
        std::copy(h, h + 8, s);
        for (std::size_t i = 0; i < 64; ++i) {
            const std::uint32_t a = s[7] + (turn(s[4], 6) ^ turn(s[4], 11) ^ turn(s[4], 25)) +
                                    ((s[4] & s[5]) ^ (~s[4] & s[6])) + k[i] + w[i];
            const std::uint32_t b = (turn(s[0], 2) ^ turn(s[0], 13) ^ turn(s[0], 22)) +
                                    ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
            for (int j = 7; j > 0; --j) s[j] = s[j - 1];
            s[4] += a;
            s[0] = a + b;
        }
        for (int i = 0; i < 8; ++i) h[i] += s[i];
    }
    std::vector<mql::uchar> digest;
    for (const std::uint32_t word : h)
        for (int i = 3; i >= 0; --i) digest.push_back(static_cast<mql::uchar>(word >> (8 * i)));
    return digest;
}

inline const char *base64_letters() { return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"; }

inline std::vector<mql::uchar> base64(const mql::uchar *data, std::size_t size) {
    std::vector<mql::uchar> out;
    for (std::size_t i = 0; i < size; i += 3) {
        const std::size_t n = std::min<std::size_t>(3, size - i);
        std::uint32_t bits = static_cast<std::uint32_t>(data[i]) << 16;
        if (n > 1) bits |= static_cast<std::uint32_t>(data[i + 1]) << 8;
        if (n > 2) bits |= data[i + 2];
        for (std::size_t j = 0; j < 4; ++j)
            out.push_back(j <= n ? static_cast<mql::uchar>(base64_letters()[bits >> (18 - 6 * j) & 63]) : mql::uchar('='));
    }
    return out;
}

inline bool base64_back(const mql::uchar *data, std::size_t size, std::vector<mql::uchar> &out) {
    std::uint32_t bits = 0;
    int have = 0;
    for (std::size_t i = 0; i < size && data[i] != '='; ++i) {
        const char *found = data[i] == 0 ? nullptr : std::strchr(base64_letters(), data[i]);
        if (found == nullptr) return false;
        bits = bits << 6 | static_cast<std::uint32_t>(found - base64_letters());
        if ((have += 6) >= 8) out.push_back(static_cast<mql::uchar>(bits >> (have -= 8) & 255));
    }
    return true;
}

}  // namespace rt

namespace mql {

inline int mql_give(const std::vector<uchar> &from, rt::array<uchar> &to) {
    if (!to.resize(static_cast<int>(from.size())) && to.size() < static_cast<int>(from.size())) return 0;
    std::copy(from.begin(), from.end(), to.begin());
    return static_cast<int>(from.size());
}

inline int CryptEncode(ENUM_CRYPT_METHOD method, const rt::array<uchar> &data, const rt::array<uchar> &key,
                       rt::array<uchar> &result, rt::place where = rt::place()) {
    (void)key;  // hashes and base64 use no key
    const std::size_t size = static_cast<std::size_t>(data.size());
    if (method == CRYPT_HASH_SHA256) return mql_give(rt::sha256(data.data(), size), result);
    if (method == CRYPT_BASE64) return mql_give(rt::base64(data.data(), size), result);
    rt::kill("CryptEncode: the stand-in does not have this method", where);
}

inline int CryptDecode(ENUM_CRYPT_METHOD method, const rt::array<uchar> &data, const rt::array<uchar> &key,
                       rt::array<uchar> &result, rt::place where = rt::place()) {
    (void)key;
    if (method != CRYPT_BASE64) rt::kill("CryptDecode: the stand-in does not have this method", where);
    std::vector<uchar> out;
    return rt::base64_back(data.data(), static_cast<std::size_t>(data.size()), out) ? mql_give(out, result) : 0;
}

}  // namespace mql
