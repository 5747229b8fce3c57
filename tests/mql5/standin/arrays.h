// Array functions. Source: MQL5 reference, 'Array Functions'.
#pragma once

#include "strings.h"

namespace mql {

template <class T> int ArraySize(const rt::array<T> &a) { return a.size(); }
template <class T> bool ArrayIsDynamic(const rt::array<T> &a) { return a.is_dynamic(); }
template <class T> void ArrayFree(rt::array<T> &a) { a.resize(0); }
template <class T> int ArrayResize(rt::array<T> &a, int size, int reserve = 0) {
    return a.resize(size, reserve) ? a.size() : -1;
}

template <class T> int ArrayRange(const rt::array<T> &a, int rank) {
    if (rank == 0) return a.size();
    return 0;
}

// Without a count, or with one beyond the source, all remaining elements are copied; a fixed target takes what fits.
template <class T, class S>
int ArrayCopy(rt::array<T> &to, const rt::array<S> &from, int to_start = 0, int from_start = 0, int count = WHOLE_ARRAY) {
    if (to_start < 0 || from_start < 0 || from_start > from.size()) return 0;
    if (count < 0 || count > from.size() - from_start) count = from.size() - from_start;
    if (to_start + count > to.size() && !to.resize(to_start + count)) count = std::max(0, to.size() - to_start);
    if (static_cast<const void *>(to.data()) == static_cast<const void *>(from.data()) && to_start > from_start)
        for (int i = count; i-- > 0;) to[to_start + i] = static_cast<T>(from[from_start + i]);
    else
        for (int i = 0; i < count; ++i) to[to_start + i] = static_cast<T>(from[from_start + i]);
    return count;
}

template <class T, class V>
int ArrayInitialize(rt::array<T> &a, V value) {
    for (T &item : a) item = static_cast<T>(value);
    return a.size();
}

template <class T, class V>
void ArrayFill(rt::array<T> &a, int start, int count, V value, rt::place where = rt::place()) {
    if (start < 0 || count < 0 || start + count > a.size()) rt::kill("ArrayFill: range outside the array", where);
    for (int i = 0; i < count; ++i) a[start + i] = static_cast<T>(value);
}

template <class T>
bool ArrayRemove(rt::array<T> &a, uint start, uint count = static_cast<uint>(WHOLE_ARRAY)) {
    const int64 size = a.size(), from = start;
    if (from >= size) return false;
    const int64 n = std::min<int64>(count, size - from);
    for (int64 i = from; i + n < size; ++i) a[i] = a[i + n];
    return !a.is_dynamic() || a.resize(static_cast<int>(size - n));
}

template <class T>
bool ArrayInsert(rt::array<T> &to, const rt::array<T> &from, uint to_start, uint from_start = 0,
                 uint count = static_cast<uint>(WHOLE_ARRAY)) {
    const int64 size = to.size(), at = to_start, first = from_start;
    if (&to == &from || at > size || first > from.size()) return false;
    const int64 n = std::min<int64>(count, from.size() - first);
    if (!to.resize(static_cast<int>(size + n))) return false;
    for (int64 i = size; i-- > at;) to[i + n] = to[i];
    for (int64 i = 0; i < n; ++i) to[at + i] = from[first + i];
    return true;
}

template <class T>
bool ArrayReverse(rt::array<T> &a, uint start = 0, uint count = static_cast<uint>(WHOLE_ARRAY)) {
    const int64 size = a.size(), first = start;
    if (first > size) return false;
    std::reverse(a.begin() + first, a.begin() + first + std::min<int64>(count, size - first));
    return true;
}

template <class T>
bool ArraySwap(rt::array<T> &a, rt::array<T> &b) {
    if (!a.is_dynamic() || !b.is_dynamic()) return false;
    const rt::array<T> kept = a;
    a = b;
    b = kept;
    return true;
}

template <class T>
bool ArraySort(rt::array<T> &a) { std::sort(a.begin(), a.end()); return true; }

template <class T, class V>
int ArrayBsearch(const rt::array<T> &a, V value) {
    if (a.size() == 0) return -1;
    const T *found = std::lower_bound(a.begin(), a.end(), static_cast<T>(value));
    if (found != a.end() && *found == static_cast<T>(value)) return static_cast<int>(found - a.begin());
    return std::max(0, static_cast<int>(found - a.begin()) - (found == a.end() ? 1 : 0));
}

template <class T>
int ArrayCompare(const rt::array<T> &a, const rt::array<T> &b, int a_start = 0, int b_start = 0, int count = WHOLE_ARRAY) {
    for (int i = 0; count < 0 || i < count; ++i) {
        const bool no_a = a_start + i >= a.size(), no_b = b_start + i >= b.size();
        if (no_a || no_b) return no_a == no_b ? 0 : no_a ? -1 : 1;
        if (a[a_start + i] < b[b_start + i]) return -1;
        if (b[b_start + i] < a[a_start + i]) return 1;
    }
    return 0;
}

template <class T>
int ArrayMaximum(const rt::array<T> &a, int start = 0, int count = WHOLE_ARRAY) {
    if (start < 0 || start >= a.size()) return -1;
    const int n = count < 0 ? a.size() - start : std::min(count, a.size() - start);
    return static_cast<int>(std::max_element(a.begin() + start, a.begin() + start + n) - a.begin());
}

template <class T>
int ArrayMinimum(const rt::array<T> &a, int start = 0, int count = WHOLE_ARRAY) {
    if (start < 0 || start >= a.size()) return -1;
    const int n = count < 0 ? a.size() - start : std::min(count, a.size() - start);
    return static_cast<int>(std::min_element(a.begin() + start, a.begin() + start + n) - a.begin());
}

template <class T> void ZeroMemory(T &value) { value = rt::zeroed<T>(); }
template <class T> void ZeroMemory(rt::array<T> &a) { for (T &item : a) item = rt::zeroed<T>(); }

template <class T> ENUM_POINTER_TYPE CheckPointer(const rt::ptr<T> &p) {
    return !p.is_live() ? POINTER_INVALID : p.raw()->mql_is_dynamic() ? POINTER_DYNAMIC : POINTER_AUTOMATIC;
}
template <class T> rt::ptr<T> GetPointer(T &target) { return rt::ptr<T>(&target); }
template <class T> rt::ptr<T> GetPointer(T *target) { return rt::ptr<T>(target); }
template <class T> rt::ptr<T> GetPointer(const rt::ptr<T> &p) { return p; }

}  // namespace mql
