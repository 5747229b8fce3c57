// Mathematical functions. Source: MQL5 reference, 'Math Functions': minimum, maximum and absolute value keep integers.
#pragma once

#include "arrays.h"

namespace mql {

template <class A, class B> auto MathMin(A a, B b) { using T = std::common_type_t<A, B>; return static_cast<T>(a) < static_cast<T>(b) ? static_cast<T>(a) : static_cast<T>(b); }
template <class A, class B> auto MathMax(A a, B b) { using T = std::common_type_t<A, B>; return static_cast<T>(a) > static_cast<T>(b) ? static_cast<T>(a) : static_cast<T>(b); }
template <class A, class B> auto fmin(A a, B b) { return MathMin(a, b); }
template <class A, class B> auto fmax(A a, B b) { return MathMax(a, b); }
template <class T> T MathAbs(T a) { return a < T(0) ? static_cast<T>(-a) : a; }
inline double MathRound(double a) { return std::round(a); }
inline double MathFloor(double a) { return std::floor(a); }
inline double MathCeil(double a) { return std::ceil(a); }
inline double MathSqrt(double a) { return std::sqrt(a); }
inline double MathPow(double a, double b) { return std::pow(a, b); }
inline double MathExp(double a) { return std::exp(a); }
inline double MathLog(double a) { return std::log(a); }
inline double MathLog10(double a) { return std::log10(a); }
inline double MathMod(double a, double b) { return std::fmod(a, b); }
inline bool MathIsValidNumber(double a) { return std::isfinite(a); }

// Return a number with its bytes in reverse order.
template <class T> T MathSwap(T a) {
    T out = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) out = static_cast<T>(out << 8 | (a >> (8 * i) & 0xFF));
    return out;
}

constexpr double EMPTY_VALUE = std::numeric_limits<double>::max();

}  // namespace mql

#undef LONG_MIN
#undef LONG_MAX
#undef ULONG_MAX
namespace mql {
constexpr int64 LONG_MIN = std::numeric_limits<int64>::min();
constexpr int64 LONG_MAX = std::numeric_limits<int64>::max();
constexpr uint64 ULONG_MAX = std::numeric_limits<uint64>::max();
}  // namespace mql
