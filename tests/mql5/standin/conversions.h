// Conversions between numbers and text. Source: MQL5 reference, 'Conversion Functions', 'PrintFormat'.
#pragma once

#include "pointer.h"

namespace rt {

inline std::string c_format(const char *form, double number, int precision) {
    char text[512];
    std::snprintf(text, sizeof text, form, precision, number);
    return text;
}

// Print() and (string) show a double with 16 significant digits.
inline std::u16string shown(double number) {
    const std::string text = std::isnan(number) ? "nan" : std::isinf(number) ? (number > 0 ? "inf" : "-inf")
                                                : c_format("%.*g", number, 16);
    return std::u16string(text.begin(), text.end());
}

struct civil {
    int year, month, day, hour, minute, second, day_of_week, day_of_year;
};

// Days to date, by Howard Hinnant's algorithm for the proleptic Gregorian calendar.
inline civil to_civil(std::int64_t seconds) {
    std::int64_t days = seconds / 86400, rest = seconds % 86400;
    if (rest < 0) { rest += 86400; --days; }
    const std::int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, doe = z - era * 146097;
    const std::int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    const std::int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    const std::int64_t month = mp < 10 ? mp + 3 : mp - 9, year = yoe + era * 400 + (month <= 2);
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    const std::int64_t of_year = mp < 10 ? doy + 59 + leap : doy - 306;
    return {static_cast<int>(year), static_cast<int>(month), static_cast<int>(doy - (153 * mp + 2) / 5 + 1),
            static_cast<int>(rest / 3600), static_cast<int>(rest / 60 % 60), static_cast<int>(rest % 60),
            static_cast<int>(((days + 4) % 7 + 7) % 7), static_cast<int>(of_year)};
}

inline std::int64_t from_civil(std::int64_t year, int month, int day, int hour, int minute, int second) {
    year -= month <= 2;
    const std::int64_t era = (year >= 0 ? year : year - 399) / 400, yoe = year - era * 400;
    const std::int64_t doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    const std::int64_t days = era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
    return days * 86400 + hour * 3600 + minute * 60 + second;
}

inline std::string shown_time(std::int64_t seconds, int mode) {
    const civil c = to_civil(seconds);
    char date[64] = "", time[64] = "";
    if (mode & 1) std::snprintf(date, sizeof date, "%04d.%02d.%02d", c.year, c.month, c.day);
    if (mode & 4) std::snprintf(time, sizeof time, "%02d:%02d:%02d", c.hour, c.minute, c.second);
    else if (mode & 2) std::snprintf(time, sizeof time, "%02d:%02d", c.hour, c.minute);
    return std::string(date) + (date[0] != 0 && time[0] != 0 ? " " : "") + time;
}

// One argument of Print, PrintFormat, StringFormat, StringConcatenate, Comment, Alert.
struct argument {
    enum class type { whole32, whole64, unsigned64, real, text } kind;
    std::int64_t whole = 0;
    double real = 0;
    mql::string text;
    std::string shown;

    argument(const mql::string &t) : kind(type::text), text(t) {}
    argument(null_t) : kind(type::text) {}
    argument(mql::datetime t) : kind(type::whole64), whole(t), shown(shown_time(t, 1 | 4)) {}
    argument(mql::color c) : kind(type::whole32), whole(mql::uint(c)), shown(to_utf8(mql::string(c))) {}
    template <class T, class = std::enable_if_t<std::is_arithmetic_v<T> || std::is_enum_v<T>>>
    argument(T number) : kind(type::whole32) {
        shown = to_utf8(mql::string(number));
        if constexpr (std::is_floating_point_v<T>) {
            kind = type::real;
            real = static_cast<double>(number);
        } else {
            whole = static_cast<std::int64_t>(number);
            if constexpr (sizeof(T) == 8) kind = std::is_signed_v<T> ? type::whole64 : type::unsigned64;
        }
    }
    mql::string as_text() const { return kind == type::text ? text : ascii(shown); }
};

template <class... T>
mql::string joined(const T &...parts) {
    mql::string all = mql::string(std::u16string());
    const argument list[] = {argument(parts)..., argument(mql::string(std::u16string()))};
    for (const argument &one : list) all += one.as_text();
    return all;
}

// printf as MQL5 documents it. A specification that does not fit its argument kills the EA: MQL5 prints garbage for it.
inline mql::string formatted(const mql::string &form, const std::vector<argument> &arguments, place where) {
    std::u16string out;
    std::size_t next = 0;
    const std::u16string &f = form.units;
    const auto bad = [&](const std::string &why) {
        kill("format " + to_utf8(form) + ": " + why + " (argument " + std::to_string(next) + ")", where);
    };
    for (std::size_t i = 0; i < f.size(); ++i) {
        if (f[i] != u'%') { out += f[i]; continue; }
        if (i + 1 < f.size() && f[i + 1] == u'%') { out += f[++i]; continue; }
        std::string spec = "%";
        const auto take = [&]() -> const argument & {
            if (next >= arguments.size()) { ++next; bad("more specifications than arguments"); }
            return arguments[next++];
        };
        ++i;
        for (; i < f.size() && std::u16string(u"-+ 0#.123456789*").find(f[i]) != std::u16string::npos; ++i) {
            if (f[i] != u'*') { spec += static_cast<char>(f[i]); continue; }
            const argument &width = take();
            if (width.kind != argument::type::whole32) bad("a width is an int");
            spec += std::to_string(width.whole);
        }
        std::string size;
        for (; i < f.size() && std::u16string(u"hlI6432").find(f[i]) != std::u16string::npos; ++i)
            size += static_cast<char>(f[i]);
        const char kind = i < f.size() ? static_cast<char>(f[i]) : '\0';
        const bool wide = size == "I64" || size == "ll" || size == "l";
        if (!(size.empty() || wide || size == "I32" || size == "h")) bad("unknown size " + size);
        char text[2048];
        using type = argument::type;
        switch (kind) {
            case 'd': case 'i': case 'u': case 'x': case 'X': case 'o': case 'c': {
                const argument &one = take();
                if (one.kind == type::text || one.kind == type::real) bad("an integer is needed");
                if (wide && one.kind == type::whole32) bad("a long is needed");
                if (!wide && one.kind != type::whole32) bad("a long needs %I64d or %lld");
                if (kind == 'c') { out += static_cast<char16_t>(one.whole); break; }
                const bool is_signed = kind == 'd' || kind == 'i';
                spec += wide ? "ll" : "";
                spec += kind;
                if (wide) std::snprintf(text, sizeof text, spec.c_str(), static_cast<long long>(one.whole));
                else if (is_signed) std::snprintf(text, sizeof text, spec.c_str(), static_cast<int>(one.whole));
                else std::snprintf(text, sizeof text, spec.c_str(), static_cast<unsigned>(one.whole));
                out += ascii(text).units;
                break;
            }
            case 'f': case 'g': case 'G': case 'e': case 'E': case 'a': case 'A': {
                const argument &one = take();
                if (one.kind != type::real) bad("a double is needed");
                spec += kind;
                std::snprintf(text, sizeof text, spec.c_str(), one.real);
                out += ascii(text).units;
                break;
            }
            case 's': case 'S': {
                const argument &one = take();
                if (one.kind != type::text) bad("a string is needed");
                std::u16string units = one.text.units;
                const bool left = spec.find('-') != std::string::npos;
                const std::size_t dot = spec.find('.');
                if (dot != std::string::npos)
                    units = units.substr(0, static_cast<std::size_t>(std::atoi(spec.c_str() + dot + 1)));
                const std::size_t digits = spec.find_first_of("123456789");
                const std::size_t width = digits == std::string::npos || digits > dot
                                              ? 0 : static_cast<std::size_t>(std::atoi(spec.c_str() + digits));
                const std::u16string blank(units.size() < width ? width - units.size() : 0, u' ');
                out += left ? units + blank : blank + units;
                break;
            }
            default:
                bad(std::string("unknown specification ") + kind);
        }
    }
    if (next < arguments.size()) { ++next; bad("more arguments than specifications"); }
    return mql::string(out);
}

}  // namespace rt

namespace mql {

inline datetime::operator string() const { return rt::ascii(rt::shown_time(value, 1 | 4)); }
inline color::operator string() const {
    return rt::ascii(std::to_string(value & 255) + "," + std::to_string(value >> 8 & 255) + "," +
                     std::to_string(value >> 16 & 255));
}

// Format with the place of its use, captured here because MQL5's arguments follow and leave no default argument.
struct format_text {
    string text;
    rt::place where;
    format_text(const string &t, const char *f = __builtin_FILE(), int l = __builtin_LINE()) : text(t), where(f, l) {}
};

template <class... T>
string StringFormat(format_text form, const T &...values) {
    return rt::formatted(form.text, {rt::argument(values)...}, form.where);
}

inline string DoubleToString(double value, int digits = 8) {
    if (std::isnan(value)) return rt::ascii("nan");
    if (std::isinf(value)) return rt::ascii(value > 0 ? "inf" : "-inf");
    // Negative digits select the scientific form.
    if (digits < 0) return rt::ascii(rt::c_format("%.*e", value, digits < -16 ? 16 : -digits));
    return rt::ascii(rt::c_format("%.*f", value, digits > 16 ? 16 : digits));
}

inline string IntegerToString(int64 number, int width = 0, ushort fill = ' ') {
    string text(number);
    if (text.length() < width)
        text.units.insert(0, static_cast<std::size_t>(width - text.length()), static_cast<char16_t>(fill));
    return text;
}

inline double StringToDouble(const string &text) { return std::strtod(rt::to_utf8(text).c_str(), nullptr); }
inline int64 StringToInteger(const string &text) { return std::strtoll(rt::to_utf8(text).c_str(), nullptr, 10); }

inline string TimeToString(datetime value, int mode = 1 | 2) { return rt::ascii(rt::shown_time(value, mode)); }

inline datetime StringToTime(const string &text) {
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
    const int got = std::sscanf(rt::to_utf8(text).c_str(), "%d.%d.%d %d:%d:%d", &year, &month, &day, &hour, &minute, &second);
    if (got < 3) return datetime(0);
    return datetime(rt::from_civil(year, month, day, hour, minute, second));
}

template <class E>
string EnumToString(E value) {
    static_assert(std::is_enum_v<E>, "EnumToString takes an enumeration");
    const rt::enum_names names = mql_names(value);
    for (int i = 0; i < names.count; ++i)
        if (names.items[i].value == static_cast<int>(value)) return string(std::u16string(names.items[i].name));
    return rt::ascii(std::to_string(static_cast<int>(value)));
}

inline string CharToString(uchar code) { return string(std::u16string(1, static_cast<char16_t>(code))); }
inline string ShortToString(ushort code) { return string(std::u16string(1, static_cast<char16_t>(code))); }
inline string ColorToString(color value, bool = false) { return string(value); }

inline double NormalizeDouble(double value, int digits) {
    const double scale = std::pow(10.0, digits < 0 ? 0 : digits > 8 ? 8 : digits);
    return std::round(value * scale) / scale;
}

}  // namespace mql
