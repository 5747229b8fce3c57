// State of the instance: faults that kill it, and its connection to the host.
//
// A fault (bad index, invalid pointer, division by zero, ...) and a crash requested by the host both unwind to the
// driver and leave the instance dead: no more code of the EA runs, destructors return at once.
#pragma once

#include <algorithm>
#include <cfloat>
#include <climits>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <new>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#if defined(_WIN32)
#define MQL_EXPORT extern "C" __declspec(dllexport)
#else
#define MQL_EXPORT extern "C" __attribute__((visibility("default")))
#endif

namespace mql {
using schar = signed char;
using uchar = unsigned char;
using ushort = unsigned short;
using uint = unsigned int;
using int64 = std::int64_t;
using uint64 = std::uint64_t;
}  // namespace mql

namespace rt {

// Value passed to the host and back: plain C layout, filled by ctypes.
struct value {
    enum kind_t : std::int32_t { none, integer, real, text, bytes };
    std::int32_t kind = none;
    std::int32_t padding = 0;
    std::int64_t whole = 0;
    double fraction = 0;
    const void *data = nullptr;  // UTF-16 units of a text, or bytes of an array; owned by the sender
    std::int64_t size = 0;       // in bytes
};

constexpr int most_results = 24;

// Status of a host call: the number of results, or one of these.
enum host_status : int { host_crash = -1, host_fault = -2 };
using host_call = int (*)(const char *name, const value *arguments, int count, value *results, std::int32_t *error);

struct unwinding {};

struct state {
    host_call call = nullptr;
    int error = 0;
    bool dead = false;
    bool crashed = false;
    bool empty_text_counts_terminator = true;  // a switch (tests/mql5/host/switches.py)
    bool zero_count_takes_all = false;         // likewise
    std::string fault;
};

inline state &instance() {
    static state one;
    return one;
}

inline bool is_dead() { return instance().dead; }
inline int &last_error() { return instance().error; }

// Source position of a call in the EA.
struct place {
    const char *file;
    int line;
    constexpr place(const char *f = __builtin_FILE(), int l = __builtin_LINE()) : file(f), line(l) {}
};

[[noreturn]] inline void kill(const std::string &what, place where) {
    state &self = instance();
    self.dead = true;
    self.fault = std::string(where.file) + ":" + std::to_string(where.line) + ": " + what;
    throw unwinding{};
}

[[noreturn]] inline void kill(const std::string &what) {
    state &self = instance();
    self.dead = true;
    self.fault = what;
    throw unwinding{};
}

// Memory of a global variable: zeroed when the library is loaded, constructed when the EA is created.
template <class T>
union slot {
    T value;
    unsigned char raw[sizeof(T)];
    constexpr slot() : raw{} {}
    ~slot() {}
};

struct global;
inline std::vector<const global *> &globals() {
    static std::vector<const global *> all;
    return all;
}

// Constructor and destructor of a global variable, in the order of definition.
struct global {
    void (*begin)();
    void (*finish)();
    global(void (*b)(), void (*f)()) : begin(b), finish(f) { globals().push_back(this); }
};

template <class T>
void end(T &value) {
    value.~T();
}

// Operand of `/` and `%`: gives the divisor unless it is 0. MQL5 stops with "zero divide", also for double. A signed
// divisor stays beside its place: the least integer divided by -1 has no result, and the processor stops the process.
struct divisor {
    const char *file;
    int line;
};

template <class T>
struct signed_divisor {
    T by;
    divisor where;

    template <class L>
    constexpr void check(const L &left) const {
        using common = decltype(left / by);
        if constexpr (std::is_integral_v<common> && std::is_signed_v<common>)
            if (by == T(-1) && static_cast<common>(left) == std::numeric_limits<common>::min())
                kill("integer overflow in a division", place(where.file, where.line));
    }
};

template <class T>
constexpr auto operator->*(divisor where, T by) {
    if (by == T(0)) kill("zero divide", place(where.file, where.line));
    if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) return signed_divisor<T>{by, where};
    else return by;
}

template <class T>
constexpr auto operator%=(divisor where, T by) {
    return where->*by;
}

template <class L, class T>
constexpr auto operator/(const L &left, signed_divisor<T> right) -> decltype(left / right.by) {
    right.check(left);
    return left / right.by;
}

template <class L, class T>
constexpr auto operator%(const L &left, signed_divisor<T> right) -> decltype(left % right.by) {
    right.check(left);
    return left % right.by;
}

template <class L, class T>
constexpr L &operator/=(L &left, signed_divisor<T> right) {
    right.check(left);
    return left /= right.by;
}

template <class L, class T>
constexpr L &operator%=(L &left, signed_divisor<T> right) {
    right.check(left);
    return left %= right.by;
}

struct enum_name {
    int value;
    const char16_t *name;
};

struct enum_names {
    const enum_name *items;
    int count;
};

}  // namespace rt

#define MQL_DIVISOR ::rt::divisor{__FILE__, __LINE__}
#define MQL_ARROW(name)                            \
    name *operator->() { return this; }            \
    const name *operator->() const { return this; }
