// Types datetime and color: numbers of 8 and 4 bytes with their own text form.
#pragma once

#include "text.h"

namespace mql {

struct datetime {
    int64 value;
    datetime() = default;
    template <class T, class = std::enable_if_t<std::is_integral_v<T> || std::is_enum_v<T>>>
    constexpr datetime(T seconds) : value(static_cast<int64>(seconds)) {}
    constexpr operator int64() const { return value; }
    explicit operator string() const;
    datetime &operator+=(int64 seconds) { value += seconds; return *this; }
    datetime &operator-=(int64 seconds) { value -= seconds; return *this; }
    datetime &operator++() { ++value; return *this; }
};

struct color {
    uint value;
    color() = default;
    template <class T, class = std::enable_if_t<std::is_integral_v<T> || std::is_enum_v<T>>>
    constexpr color(T bgr) : value(static_cast<uint>(bgr)) {}
    constexpr operator uint() const { return value; }
    explicit operator string() const;
};

}  // namespace mql
