// Calls to the host: every function with an effect outside the EA is passed to the host by name.
#pragma once

#include "structures.h"

namespace rt {

inline value to_value(const mql::string &text) {
    value v;
    v.kind = value::text;
    v.data = text.units.data();
    v.size = static_cast<std::int64_t>(text.units.size() * 2);
    return v;
}
inline value to_value(const array<mql::uchar> &bytes) {
    value v;
    v.kind = value::bytes;
    v.data = bytes.data();
    v.size = bytes.size();
    return v;
}
inline value to_value(mql::datetime moment) {
    value v;
    v.kind = value::integer;
    v.whole = moment;
    return v;
}
template <class T, class = std::enable_if_t<std::is_arithmetic_v<T> || std::is_enum_v<T>>>
value to_value(T number) {
    value v;
    if constexpr (std::is_floating_point_v<T>) {
        v.kind = value::real;
        v.fraction = static_cast<double>(number);
    } else {
        v.kind = value::integer;
        v.whole = static_cast<std::int64_t>(number);
    }
    return v;
}

// Answer of the host. Read it before the next call: texts and bytes belong to the host.
struct answer {
    value items[most_results];
    int count = 0;

    const value &item(int i, value::kind_t kind) const {
        static const value nothing;
        if (i >= count) return nothing;
        if (items[i].kind != kind) kill("the host returned another kind of value");
        return items[i];
    }
    std::int64_t whole(int i = 0) const { return item(i, value::integer).whole; }
    int number(int i = 0) const { return static_cast<int>(whole(i)); }
    bool yes(int i = 0) const { return whole(i) != 0; }
    double real(int i = 0) const { return item(i, value::real).fraction; }
    mql::string text(int i = 0) const {
        const value &v = item(i, value::text);
        if (v.kind == value::none) return mql::string(null);
        return mql::string(std::u16string(static_cast<const char16_t *>(v.data), static_cast<std::size_t>(v.size / 2)));
    }
    const mql::uchar *bytes(int i, int &size) const {
        const value &v = item(i, value::bytes);
        size = static_cast<int>(v.size);
        return static_cast<const mql::uchar *>(v.data);
    }
};

inline answer ask_with(const char *name, const value *arguments, int count) {
    state &self = instance();
    if (self.dead) throw unwinding{};
    if (self.call == nullptr) kill(std::string(name) + ": no host");
    answer got;
    std::int32_t error = 0;
    const int status = self.call(name, arguments, count, got.items, &error);
    if (status == host_crash) {
        self.crashed = true;
        kill(std::string("crash at ") + name);
    }
    if (status < 0) {
        got.count = 1;
        kill(std::string(name) + ": " + to_utf8(got.text(0)));
    }
    if (error != 0) self.error = error;
    got.count = status;
    return got;
}

template <class... T>
answer ask(const char *name, const T &...arguments) {
    const value list[] = {to_value(arguments)..., value()};
    return ask_with(name, list, static_cast<int>(sizeof...(T)));
}

}  // namespace rt
