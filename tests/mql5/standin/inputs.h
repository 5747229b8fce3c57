// Variables of `input`: registered when the library is loaded, set by the driver before the EA is created.
#pragma once

#include "trading.h"

namespace rt {

struct input_base {
    std::string name, type, description, group;
    virtual bool set(const std::string &text) = 0;
    virtual std::string shown() const = 0;
    virtual ~input_base() = default;
};

inline std::vector<input_base *> &inputs() {
    static std::vector<input_base *> all;
    return all;
}

inline bool parsed(const std::string &text, mql::string &to) { to = from_c(text.c_str()); return true; }
inline bool parsed(const std::string &text, bool &to) { to = text == "true" || text == "1"; return to || text == "false" || text == "0"; }
inline bool parsed(const std::string &text, mql::datetime &to) {
    to = mql::StringToTime(from_c(text.c_str()));
    return mql::int64(to) != 0;
}
inline bool parsed(const std::string &text, mql::color &to) {
    int r = 0, g = 0, b = 0;
    if (std::sscanf(text.c_str(), "%d,%d,%d", &r, &g, &b) != 3) return false;
    to = mql::color(r | g << 8 | b << 16);
    return true;
}
template <class T>
bool parsed(const std::string &text, T &to) {
    char *stop = nullptr;
    if constexpr (std::is_enum_v<T>) {
        const enum_names names = mql_names(to);
        for (int i = 0; i < names.count; ++i) {
            if (to_utf8(std::u16string(names.items[i].name)) == text || std::to_string(names.items[i].value) == text) {
                to = static_cast<T>(names.items[i].value);
                return true;
            }
        }
        return false;
    } else if constexpr (std::is_floating_point_v<T>) {
        to = static_cast<T>(std::strtod(text.c_str(), &stop));
    } else if constexpr (std::is_signed_v<T>) {
        const long long number = std::strtoll(text.c_str(), &stop, 10);
        to = static_cast<T>(number);
        if (static_cast<long long>(to) != number) return false;
    } else {
        const unsigned long long number = std::strtoull(text.c_str(), &stop, 10);
        to = static_cast<T>(number);
        if (static_cast<unsigned long long>(to) != number) return false;
    }
    return !text.empty() && *stop == 0;
}

template <class T>
struct input : input_base {
    T value;
    template <class V>
    input(const char16_t *n, const char16_t *t, const char16_t *d, const char16_t *g, const V &initial) : value(initial) {
        name = to_utf8(std::u16string(n));
        type = to_utf8(std::u16string(t));
        description = to_utf8(std::u16string(d));
        group = to_utf8(std::u16string(g));
        inputs().push_back(this);
    }
    bool set(const std::string &text) override {
        const bool known = parsed(text, value);
        // A text and its name have 254 characters together; the terminal cuts the rest (reference, 'Input Variables').
        if constexpr (std::is_same_v<T, mql::string>) value = mql::StringSubstr(value, 0, 254 - static_cast<int>(name.size()));
        return known;
    }
    std::string shown() const override {
        if constexpr (std::is_enum_v<T>) return to_utf8(mql::EnumToString(value));
        else return to_utf8(joined(value));
    }
};

}  // namespace rt
