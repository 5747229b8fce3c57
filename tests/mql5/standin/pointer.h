// Class pointers: handles that detect a deleted object.
#pragma once

#include "moments.h"
#include "array.h"

namespace mql {
enum ENUM_POINTER_TYPE : int;
}

namespace rt {

class mql_object;

// Registry of live objects by number. Numbers are not reused, so a pointer to a deleted object never matches another.
struct live_objects {
    std::unordered_map<std::uint64_t, const mql_object *> by_number;
    std::uint64_t last = 0;
    std::unordered_set<const void *> fresh;  // memory from `new` whose object is not constructed yet
};

inline live_objects &objects() {
    static live_objects one;
    return one;
}

// Base of every class of the EA.
class mql_object {
  public:
    mql_object() { enter(); }
    mql_object(const mql_object &) { enter(); }
    mql_object &operator=(const mql_object &) { return *this; }
    virtual ~mql_object() noexcept(false) { objects().by_number.erase(number_); }

    std::uint64_t mql_number() const { return number_; }
    bool mql_is_dynamic() const { return dynamic_; }

    static void *operator new(std::size_t size) {
        void *raw = ::operator new(size);
        std::memset(raw, poison, size);
        objects().fresh.insert(raw);
        return raw;
    }
    static void *operator new(std::size_t, void *where) { return where; }
    static void operator delete(void *raw) { ::operator delete(raw); }

  private:
    std::uint64_t number_;
    bool dynamic_;

    void enter() {
        number_ = ++objects().last;
        // The outermost object begins at its memory's address; members do not, because a table of methods precedes them.
        dynamic_ = objects().fresh.erase(this) != 0;
        objects().by_number.emplace(number_, this);
    }
};

template <class T>
class ptr {
  public:
    ptr() = default;
    ptr(null_t) {}
    ptr(T *target) : target_(target), number_(target == nullptr ? 0 : target->mql_number()) {}
    template <class D, class = std::enable_if_t<std::is_convertible_v<D *, T *>>>
    ptr(const ptr<D> &other) : target_(other.raw()), number_(other.number()) {}
    // Downcast: (CDerived *)base. MQL5 stops with "incorrect casting of pointers".
    template <class B, class = std::enable_if_t<!std::is_convertible_v<B *, T *>>, class = void>
    explicit ptr(const ptr<B> &other, place where = place()) {
        if (other.number() == 0) return;
        *this = ptr(dynamic_cast<T *>(other.checked(where)));
        if (target_ == nullptr) kill("incorrect casting of pointers", where);
    }

    T *operator->() const { return checked(place("", 0)); }
    T &operator*() const { return *checked(place("", 0)); }
    operator T &() const { return *checked(place("", 0)); }
    bool operator!() const { return !is_live(); }

    T *raw() const { return target_; }
    std::uint64_t number() const { return number_; }
    bool is_live() const { return number_ != 0 && objects().by_number.count(number_) != 0; }
    T *checked(place where) const {
        if (!is_live()) {
            if (where.line == 0) kill("invalid pointer access");
            kill("invalid pointer access", where);
        }
        return target_;
    }

    template <class U>
    friend bool operator==(const ptr &a, const ptr<U> &b) { return a.number() == b.number(); }
    template <class U>
    friend bool operator!=(const ptr &a, const ptr<U> &b) { return a.number() != b.number(); }
    friend bool operator==(const ptr &a, null_t) { return a.number() == 0; }
    friend bool operator!=(const ptr &a, null_t) { return a.number() != 0; }

  private:
    // Not subject to -ftrivial-auto-var-init: an uninitialised pointer of MQL5 is NULL.
    T *target_ = nullptr;
    std::uint64_t number_ = 0;
};

template <class P, class B>
P pointer_cast(const ptr<B> &other) {
    using target = std::remove_reference_t<decltype(*std::declval<P>())>;
    return other.is_live() ? P(dynamic_cast<target *>(other.raw())) : P(null);
}

struct deleter {
    const char *file;
    int line;
};

template <class T>
void operator->*(deleter where, ptr<T> &target) {
    if (target.number() == 0) return;
    T *victim = target.checked(place(where.file, where.line));
    if (!victim->mql_is_dynamic()) kill("delete of an object that new did not make", place(where.file, where.line));
    delete victim;
}

template <class T>
void operator->*(deleter where, ptr<T> &&target) {
    where->*target;
}

}  // namespace rt

#define MQL_DELETE ::rt::deleter{__FILE__, __LINE__}
