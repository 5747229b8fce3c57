// Arrays with checked bounds and poisoned new elements. Only a dynamic array can be resized.
//
// MQL5 leaves new numeric elements and fields uninitialised: the poison pattern makes a read of one visible in a test.
// Exceptions are a `zeroed` structure and a global variable.
#pragma once

#include "text.h"

namespace rt {

constexpr int array_resize_error = 4007;  // ERR_ARRAY_RESIZE_ERROR (reference, 'Runtime Errors')
constexpr std::int64_t most_bytes = INT_MAX;  // of one array: compile error 335 has this limit for fixed ones

constexpr int poison = 0xFE;  // -ftrivial-auto-var-init=pattern writes the same pattern into local variables

inline int &filling() {
    static int byte = poison;
    return byte;
}

struct filling_with {
    int before = filling();
    explicit filling_with(int byte) { filling() = byte; }
    ~filling_with() { filling() = before; }
};

template <class T>
T zeroed() {
    const filling_with zero(0);
    return T{};
}

struct filled_t {};
inline constexpr filled_t filled{};

template <class T>
class array {
  public:
    using element = T;
    array() = default;
    array(filled_t, std::initializer_list<T> values) { assign(values); dynamic_ = false; }
    array(const array &other) { copy(other); }
    array &operator=(const array &other) {
        if (this != &other) copy(other);
        return *this;
    }
    virtual ~array() noexcept(false) { release(); }

    T &operator[](at index) { return items_[checked(index)]; }
    const T &operator[](at index) const { return items_[checked(index)]; }

    int size() const { return size_; }
    bool is_dynamic() const { return dynamic_; }
    T *data() { return items_; }
    const T *data() const { return items_; }
    T *begin() { return items_; }
    T *end() { return items_ + size_; }
    const T *begin() const { return items_; }
    const T *end() const { return items_ + size_; }

    bool resize(int wanted, int reserve = 0) {
        const bool possible = dynamic_ && wanted >= 0 && fits(wanted);
        if (possible) grow(wanted, fits(std::int64_t(wanted) + reserve) ? reserve : 0);
        else last_error() = array_resize_error;
        return possible;
    }

    // MQL5 frees the memory of an emptied array; here the capacity remains, which no function shows.
    void release() {
        if (!dynamic_ && !owned_) return;
        for (int i = size_; i-- > 0;) items_[i].~T();
        ::operator delete(items_, std::align_val_t(alignof(T)));
        items_ = nullptr;
        size_ = capacity_ = 0;
    }

  protected:
    array(T *items, int size) : items_(items), size_(size), dynamic_(false), owned_(false) {}

  private:
    T *items_ = nullptr;
    int size_ = 0;
    int capacity_ = 0;
    bool dynamic_ = true;
    bool owned_ = true;

    static bool fits(std::int64_t count) { return count <= most_bytes / std::int64_t(sizeof(T)); }

    std::size_t checked(at index) const {
        if (index.value < 0 || index.value >= size_)
            kill("array out of range: index " + std::to_string(index.value) + " of " + std::to_string(size_), index.where);
        return static_cast<std::size_t>(index.value);
    }

    void grow(int wanted, int reserve) {
        if (wanted > capacity_) {
            const int more = reserve > 0 ? reserve : wanted / 2;
            const int room = fits(std::int64_t(wanted) + more) ? wanted + more : wanted;
            void *raw = ::operator new(sizeof(T) * static_cast<std::size_t>(room), std::align_val_t(alignof(T)));
            T *moved = static_cast<T *>(raw);
            for (int i = 0; i < size_; ++i) {
                ::new (static_cast<void *>(moved + i)) T(std::move(items_[i]));
                items_[i].~T();
            }
            ::operator delete(items_, std::align_val_t(alignof(T)));
            items_ = moved;
            capacity_ = room;
        }
        for (; size_ > wanted; --size_) items_[size_ - 1].~T();
        for (; size_ < wanted; ++size_) {
            void *raw = items_ + size_;
            std::memset(raw, filling(), sizeof(T));
            ::new (raw) T;
        }
    }

    void assign(std::initializer_list<T> values) {
        grow(static_cast<int>(values.size()), 0);
        int i = 0;
        for (const T &value : values) items_[i++] = value;
    }

    void copy(const array &other) {
        if (dynamic_ || owned_) grow(other.size_, 0);
        for (int i = 0; i < size_ && i < other.size_; ++i) items_[i] = other.items_[i];
    }
};

template <class T, int N>
class fixed : public array<T> {
  public:
    fixed() : array<T>(reinterpret_cast<T *>(raw_), N) { fill(filling()); }
    fixed(filled_t, std::initializer_list<T> values) : fixed(values) {}
    fixed(std::initializer_list<T> values) : array<T>(reinterpret_cast<T *>(raw_), N) {
        static_assert(N > 0, "an array has at least one element");
        fill(0);
        if (values.size() > static_cast<std::size_t>(N)) kill("too many initial values");
        int i = 0;
        for (const T &value : values) this->data()[i++] = value;
    }
    fixed(const fixed &other) : array<T>(reinterpret_cast<T *>(raw_), N) {
        fill(0);
        array<T>::operator=(other);
    }
    fixed &operator=(const fixed &other) {
        array<T>::operator=(other);
        return *this;
    }
    ~fixed() noexcept(false) override {
        for (int i = N; i-- > 0;) this->data()[i].~T();
    }

  private:
    alignas(T) unsigned char raw_[sizeof(T) * static_cast<std::size_t>(N)];

    void fill(int byte) {
        std::memset(raw_, byte, sizeof raw_);
        for (int i = 0; i < N; ++i) ::new (static_cast<void *>(this->data() + i)) T;
    }
};

}  // namespace rt
