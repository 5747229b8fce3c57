// String functions. Source: MQL5 reference, 'String Functions' and 'Conversion Functions'.
#pragma once

#include "conversions.h"
#include "constants.h"

namespace mql {

inline int StringLen(const string &text) { return text.length(); }
inline int StringBufferLen(const string &text) { return text.length(); }

inline int StringFind(const string &text, const string &part, int start = 0) {
    if (start < 0 || start > text.length()) return -1;
    const std::size_t found = text.units.find(part.units, static_cast<std::size_t>(start));
    return found == std::u16string::npos ? -1 : static_cast<int>(found);
}

inline string StringSubstr(const string &text, int start, int length = -1) {
    if (start < 0 || start >= text.length()) return string(std::u16string());
    return string(text.units.substr(static_cast<std::size_t>(start),
                                    length < 0 ? std::u16string::npos : static_cast<std::size_t>(length)));
}

inline ushort StringGetCharacter(const string &text, int at) {
    if (at < 0 || at >= text.length()) {
        rt::last_error() = 5035;  // position outside the string
        return 0;
    }
    return static_cast<ushort>(text.units[static_cast<std::size_t>(at)]);
}

inline bool StringSetCharacter(string &text, int at, ushort code) {
    if (at < 0 || at > text.length()) return false;
    text.is_null = false;
    if (code == 0) text.units.resize(static_cast<std::size_t>(at));  // a 0 ends the string
    else if (at == text.length()) text.units += static_cast<char16_t>(code);
    else text.units[static_cast<std::size_t>(at)] = static_cast<char16_t>(code);
    return true;
}

inline bool StringAdd(string &text, const string &more) { text += more; return true; }

template <class... T>
int StringConcatenate(string &text, const T &...parts) {
    text = rt::joined(parts...);
    return text.length();
}

inline int StringReplace(string &text, const string &what, const string &by) {
    if (what.units.empty()) return -1;
    int count = 0;
    for (std::size_t i = 0; (i = text.units.find(what.units, i)) != std::u16string::npos; i += by.units.size(), ++count)
        text.units.replace(i, what.units.size(), by.units);
    return count;
}

inline int StringSplit(const string &text, ushort separator, rt::array<string> &parts) {
    parts.resize(0);
    if (text.units.empty()) return text.is_null ? -1 : 0;
    std::size_t from = 0;
    for (;;) {
        const std::size_t to = text.units.find(static_cast<char16_t>(separator), from);
        const int n = parts.size();
        parts.resize(n + 1, 16);
        parts[n] = string(text.units.substr(from, to == std::u16string::npos ? to : to - from));
        if (to == std::u16string::npos) return n + 1;
        from = to + 1;
    }
}

inline bool mql_is_blank(char16_t unit) { return unit == u' ' || unit == u'\t' || unit == u'\r' || unit == u'\n'; }

inline int StringTrimLeft(string &text) {
    std::size_t n = 0;
    while (n < text.units.size() && mql_is_blank(text.units[n])) ++n;
    text.units.erase(0, n);
    return static_cast<int>(n);
}

inline int StringTrimRight(string &text) {
    int n = 0;
    for (; !text.units.empty() && mql_is_blank(text.units.back()); ++n) text.units.pop_back();
    return n;
}

inline bool StringToLower(string &text) {
    for (char16_t &unit : text.units) if (unit >= u'A' && unit <= u'Z') unit = static_cast<char16_t>(unit + 32);
    return true;
}

inline bool StringToUpper(string &text) {
    for (char16_t &unit : text.units) if (unit >= u'a' && unit <= u'z') unit = static_cast<char16_t>(unit - 32);
    return true;
}

inline int StringCompare(const string &a, const string &b, bool case_sensitive = true) {
    string left = a, right = b;
    if (!case_sensitive) { StringToLower(left); StringToLower(right); }
    return left.units < right.units ? -1 : left.units > right.units ? 1 : 0;
}

inline bool StringFill(string &text, ushort code) {
    for (char16_t &unit : text.units) unit = static_cast<char16_t>(code);
    return true;
}

inline bool StringInit(string &text, int length = 0, ushort code = 0) {
    text = string(code == 0 ? std::u16string() : std::u16string(static_cast<std::size_t>(length), static_cast<char16_t>(code)));
    return true;
}

inline bool StringReserve(string &, uint) { return true; }

}  // namespace mql

namespace rt {

// CP_ACP is an 8-bit code page that depends on Windows: text outside ASCII must not use it and is not preserved here.
inline std::string encoded(const std::u16string &units, mql::uint page, place where) {
    if (page == mql::CP_UTF8) return to_utf8(units);
    if (page != mql::CP_ACP && page != mql::CP_OEMCP) kill("code page " + std::to_string(page) + " is not supported", where);
    std::string bytes;
    for (const char16_t unit : units) bytes += unit < 0x80 ? static_cast<char>(unit) : '?';
    return bytes;
}

}  // namespace rt

namespace mql {

// `count` is in bytes: StringLen as the count cuts a text outside ASCII. -1 copies the final 0 too.
inline int StringToCharArray(const string &text, rt::array<uchar> &bytes, int start = 0, int count = -1,
                             uint page = CP_ACP, rt::place where = rt::place()) {
    std::string all = rt::encoded(text.units, page, where);
    if (start < 0) return 0;
    if (all.empty() && !rt::instance().empty_text_counts_terminator) return 0;
    if (count < 0) all += '\0';
    const int wanted = count < 0 ? static_cast<int>(all.size()) : std::min(count, static_cast<int>(all.size()) + 1);
    if (count >= 0 && wanted > static_cast<int>(all.size())) all += '\0';
    if (start + wanted > bytes.size()) bytes.resize(start + wanted);
    const int n = std::min(wanted, std::max(0, bytes.size() - start));
    for (int i = 0; i < n; ++i) bytes[start + i] = static_cast<uchar>(all[static_cast<std::size_t>(i)]);
    return n;
}

inline string CharArrayToString(const rt::array<uchar> &bytes, int start = 0, int count = -1, uint page = CP_ACP,
                                rt::place where = rt::place()) {
    if (start < 0 || start >= bytes.size()) return string(std::u16string());
    if (count == 0 && rt::instance().zero_count_takes_all) count = -1;
    const char *from = reinterpret_cast<const char *>(bytes.data()) + start;
    std::size_t size = static_cast<std::size_t>(count < 0 ? bytes.size() - start : std::min(count, bytes.size() - start));
    if (const void *zero = std::memchr(from, 0, size)) size = static_cast<std::size_t>(static_cast<const char *>(zero) - from);
    if (page == CP_UTF8) return rt::from_utf8(from, size);
    return rt::from_utf8(rt::encoded(rt::from_utf8(from, size).units, page, where).c_str(), size);
}

inline int StringToShortArray(const string &text, rt::array<ushort> &units, int start = 0, int count = -1) {
    const int all = text.length() + 1, n = count < 0 ? all : std::min(count, all);
    if (start + n > units.size()) units.resize(start + n);
    const int fit = std::min(n, std::max(0, units.size() - start));
    for (int i = 0; i < fit; ++i)
        units[start + i] = i < text.length() ? static_cast<ushort>(text.units[static_cast<std::size_t>(i)]) : ushort(0);
    return fit;
}

inline string ShortArrayToString(const rt::array<ushort> &units, int start = 0, int count = -1) {
    std::u16string text;
    for (int i = start; i < units.size() && (count < 0 || i < start + count) && units[i] != 0; ++i)
        text += static_cast<char16_t>(units[i]);
    return string(text);
}

}  // namespace mql
