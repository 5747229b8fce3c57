// MQL5's string: UTF-16, NULL until assigned, without implicit conversion from numbers.
#pragma once

#include "runtime.h"

namespace rt {
struct null_t {
    template <class T, class = std::enable_if_t<std::is_arithmetic_v<T>>>
    constexpr explicit operator T() const {
        return T(0);
    }
};
inline constexpr null_t null{};
std::u16string shown(double number);

// Index with the place of its use.
struct at {
    std::int64_t value;
    place where;
    template <class I, class = std::enable_if_t<std::is_integral_v<I> || std::is_enum_v<I>>>
    constexpr at(I index, const char *file = __builtin_FILE(), int line = __builtin_LINE())
        : value(static_cast<std::int64_t>(index)), where(file, line) {}
};
}  // namespace rt

namespace mql {

class string {
  public:
    std::u16string units;
    bool is_null = true;

    string() = default;
    string(rt::null_t) {}
    string(std::u16string text) : units(std::move(text)), is_null(false) {}
    template <class T, class = std::enable_if_t<std::is_arithmetic_v<T> || std::is_enum_v<T>>>
    explicit string(T number) : is_null(false) {
        if constexpr (std::is_same_v<T, bool>)
            units = number ? u"true" : u"false";
        else if constexpr (std::is_floating_point_v<T>)
            units = rt::shown(static_cast<double>(number));
        else if constexpr (std::is_enum_v<T>)
            assign(std::to_string(static_cast<int>(number)));
        else
            assign(std::to_string(number));
    }

    int length() const { return static_cast<int>(units.size()); }
    ushort operator[](rt::at index) const {
        if (index.value < 0 || index.value >= length())
            rt::kill("string index out of range: " + std::to_string(index.value) + " of " + std::to_string(length()),
                     index.where);
        return static_cast<ushort>(units[static_cast<std::size_t>(index.value)]);
    }

    string &operator+=(const string &other) {
        units += other.units;
        is_null = is_null && other.is_null;
        return *this;
    }
    friend string operator+(string left, const string &right) { return left += right; }
    friend bool operator==(const string &a, const string &b) { return a.is_null == b.is_null && a.units == b.units; }
    friend bool operator!=(const string &a, const string &b) { return !(a == b); }
    friend bool operator<(const string &a, const string &b) { return a.units < b.units; }
    friend bool operator>(const string &a, const string &b) { return a.units > b.units; }
    friend bool operator<=(const string &a, const string &b) { return a.units <= b.units; }
    friend bool operator>=(const string &a, const string &b) { return a.units >= b.units; }

  private:
    void assign(const std::string &ascii) { units.assign(ascii.begin(), ascii.end()); }
};

inline string operator""_s(const char16_t *text, std::size_t size) { return string(std::u16string(text, size)); }

}  // namespace mql

namespace rt {

inline mql::string from_utf8(const char *data, std::size_t size) {
    std::u16string units;
    std::size_t i = 0;
    const auto byte = [&](std::size_t n) { return n < size ? static_cast<unsigned char>(data[n]) : 0u; };
    while (i < size) {
        const unsigned lead = byte(i);
        const int more = lead < 0x80 ? 0 : lead >= 0xC2 && lead < 0xE0 ? 1 : lead >= 0xE0 && lead < 0xF0 ? 2
                         : lead >= 0xF0 && lead < 0xF5 ? 3 : -1;
        std::uint32_t code = more <= 0 ? lead : lead & (0x3Fu >> more);
        bool good = more >= 0;
        for (int k = 1; k <= more && good; ++k) {
            good = (byte(i + static_cast<std::size_t>(k)) & 0xC0u) == 0x80u;
            code = code << 6 | (byte(i + static_cast<std::size_t>(k)) & 0x3Fu);
        }
        good = good && !(more == 2 && (code < 0x800 || (code >= 0xD800 && code < 0xE000))) &&
               !(more == 3 && (code < 0x10000 || code > 0x10FFFF));
        if (!good) {  // Windows replaces invalid UTF-8 by a replacement character
            units += u'\xFFFD';
            ++i;
        } else {
            if (code >= 0x10000) {
                units += static_cast<char16_t>(0xD800 + ((code - 0x10000) >> 10));
                units += static_cast<char16_t>(0xDC00 + ((code - 0x10000) & 0x3FF));
            } else {
                units += static_cast<char16_t>(code);
            }
            i += static_cast<std::size_t>(more) + 1;
        }
    }
    return mql::string(units);
}

inline std::string to_utf8(const std::u16string &units) {
    std::string bytes;
    for (std::size_t i = 0; i < units.size(); ++i) {
        std::uint32_t code = units[i];
        const bool high = code >= 0xD800 && code < 0xDC00;
        if (high && i + 1 < units.size() && units[i + 1] >= 0xDC00 && units[i + 1] < 0xE000)
            code = 0x10000 + ((code - 0xD800) << 10) + (units[++i] - 0xDC00u);
        else if (code >= 0xD800 && code < 0xE000)
            code = 0xFFFD;  // unpaired surrogate
        if (code < 0x80) {
            bytes += static_cast<char>(code);
        } else if (code < 0x800) {
            bytes += static_cast<char>(0xC0 | code >> 6);
            bytes += static_cast<char>(0x80 | (code & 0x3F));
        } else if (code < 0x10000) {
            bytes += static_cast<char>(0xE0 | code >> 12);
            bytes += static_cast<char>(0x80 | (code >> 6 & 0x3F));
            bytes += static_cast<char>(0x80 | (code & 0x3F));
        } else {
            bytes += static_cast<char>(0xF0 | code >> 18);
            bytes += static_cast<char>(0x80 | (code >> 12 & 0x3F));
            bytes += static_cast<char>(0x80 | (code >> 6 & 0x3F));
            bytes += static_cast<char>(0x80 | (code & 0x3F));
        }
    }
    return bytes;
}

inline std::string to_utf8(const mql::string &text) { return to_utf8(text.units); }
inline mql::string ascii(const std::string &text) { return mql::string(std::u16string(text.begin(), text.end())); }
inline mql::string from_c(const char *text) { return from_utf8(text, std::strlen(text)); }

inline mql::string base_name(const char *path) {
    const std::string all(path);
    return from_c(all.substr(all.find_last_of("/\\") + 1).c_str());
}

}  // namespace rt

#define MQL_FUNCTION ::rt::from_c(__FUNCTION__)
#define MQL_FUNCSIG ::rt::from_c(__PRETTY_FUNCTION__)
#define MQL_FILE ::rt::base_name(__FILE__)
