// Chart of the EA, and objects on it.
#pragma once

#include "terminal.h"

namespace rt {

// Second form of a getter: the value is returned through a reference.
template <class T, class... A>
bool property(const char *name, T &target, const A &...arguments) {
    const answer got = ask(name, arguments...);
    if (got.count == 0 || !got.yes(0)) return false;
    if constexpr (std::is_same_v<T, mql::string>) target = got.text(1);
    else if constexpr (std::is_same_v<T, double>) target = got.real(1);
    else target = got.whole(1);
    return true;
}

}  // namespace rt

namespace mql {

inline int64 ChartID() { return rt::ask("ChartID").whole(); }
inline int64 ChartFirst() { return rt::ask("ChartFirst").whole(); }
inline int64 ChartNext(int64 chart) { return rt::ask("ChartNext", chart).whole(); }
inline void ChartRedraw(int64 chart = 0) { rt::ask("ChartRedraw", chart); }
inline int64 ChartGetInteger(int64 chart, ENUM_CHART_PROPERTY_INTEGER id, int window = 0) { return rt::ask("ChartGetInteger", chart, id, window).whole(1); }
inline double ChartGetDouble(int64 chart, ENUM_CHART_PROPERTY_DOUBLE id, int window = 0) { return rt::ask("ChartGetDouble", chart, id, window).real(1); }
inline string ChartGetString(int64 chart, ENUM_CHART_PROPERTY_STRING id) { return rt::ask("ChartGetString", chart, id, 0).text(1); }
inline bool ChartGetInteger(int64 chart, ENUM_CHART_PROPERTY_INTEGER id, int window, int64 &to) { return rt::property("ChartGetInteger", to, chart, id, window); }
inline bool ChartGetDouble(int64 chart, ENUM_CHART_PROPERTY_DOUBLE id, int window, double &to) { return rt::property("ChartGetDouble", to, chart, id, window); }
inline bool ChartGetString(int64 chart, ENUM_CHART_PROPERTY_STRING id, string &to) { return rt::property("ChartGetString", to, chart, id, 0); }
inline bool ChartSetInteger(int64 chart, ENUM_CHART_PROPERTY_INTEGER id, int64 value) { return rt::ask("ChartSetInteger", chart, id, value).yes(); }
inline bool ChartSetDouble(int64 chart, ENUM_CHART_PROPERTY_DOUBLE id, double value) { return rt::ask("ChartSetDouble", chart, id, value).yes(); }
inline bool ChartSetString(int64 chart, ENUM_CHART_PROPERTY_STRING id, const string &value) { return rt::ask("ChartSetString", chart, id, value).yes(); }
inline string ChartSymbol(int64 chart = 0) { return rt::ask("ChartSymbol", chart).text(); }
inline ENUM_TIMEFRAMES ChartPeriod(int64 chart = 0) { return static_cast<ENUM_TIMEFRAMES>(rt::ask("ChartPeriod", chart).whole()); }
inline string Symbol() { return ChartSymbol(0); }
inline ENUM_TIMEFRAMES Period() { return ChartPeriod(0); }
inline bool EventChartCustom(int64 chart, ushort id, int64 whole, double real, const string &text) { return rt::ask("EventChartCustom", chart, id, whole, real, text).yes(); }

// Objects. Only the first anchor point is kept.
template <class... T>
bool ObjectCreate(int64 chart, const string &name, ENUM_OBJECT type, int window, datetime time, double price, const T &...) {
    static_assert(sizeof...(T) % 2 == 0, "ObjectCreate takes pairs of time and price");
    return rt::ask("ObjectCreate", chart, name, type, window, time, price).yes();
}
inline bool ObjectDelete(int64 chart, const string &name) { return rt::ask("ObjectDelete", chart, name).yes(); }
inline bool ObjectMove(int64 chart, const string &name, int point, datetime time, double price) { return rt::ask("ObjectMove", chart, name, point, time, price).yes(); }
inline int ObjectsDeleteAll(int64 chart, const string &prefix, int window = -1, int type = -1) { return rt::ask("ObjectsDeleteAll", chart, prefix, window, type).number(); }
inline int ObjectsDeleteAll(int64 chart, int window = -1, int type = -1) { return rt::ask("ObjectsDeleteAll", chart, string(u""), window, type).number(); }
inline int ObjectsTotal(int64 chart, int window = -1, int type = -1) { return rt::ask("ObjectsTotal", chart, window, type).number(); }
inline string ObjectName(int64 chart, int at, int window = -1, int type = -1) { return rt::ask("ObjectName", chart, at, window, type).text(); }
inline int ObjectFind(int64 chart, const string &name) { return rt::ask("ObjectFind", chart, name).number(); }
inline bool ObjectSetInteger(int64 chart, const string &name, ENUM_OBJECT_PROPERTY_INTEGER id, int64 value) { return rt::ask("ObjectSetInteger", chart, name, id, value).yes(); }
inline bool ObjectSetInteger(int64 chart, const string &name, ENUM_OBJECT_PROPERTY_INTEGER id, int modifier, int64 value) { return rt::ask("ObjectSetInteger", chart, name, id, value, modifier).yes(); }
inline int64 ObjectGetInteger(int64 chart, const string &name, ENUM_OBJECT_PROPERTY_INTEGER id, int modifier = 0) { return rt::ask("ObjectGetInteger", chart, name, id, modifier).whole(1); }
inline bool ObjectGetInteger(int64 chart, const string &name, ENUM_OBJECT_PROPERTY_INTEGER id, int modifier, int64 &to) { return rt::property("ObjectGetInteger", to, chart, name, id, modifier); }
inline bool ObjectSetDouble(int64 chart, const string &name, ENUM_OBJECT_PROPERTY_DOUBLE id, double value) { return rt::ask("ObjectSetDouble", chart, name, id, value).yes(); }
inline bool ObjectSetDouble(int64 chart, const string &name, ENUM_OBJECT_PROPERTY_DOUBLE id, int modifier, double value) { return rt::ask("ObjectSetDouble", chart, name, id, value, modifier).yes(); }
inline double ObjectGetDouble(int64 chart, const string &name, ENUM_OBJECT_PROPERTY_DOUBLE id, int modifier = 0) { return rt::ask("ObjectGetDouble", chart, name, id, modifier).real(1); }
inline bool ObjectGetDouble(int64 chart, const string &name, ENUM_OBJECT_PROPERTY_DOUBLE id, int modifier, double &to) { return rt::property("ObjectGetDouble", to, chart, name, id, modifier); }
inline bool ObjectSetString(int64 chart, const string &name, ENUM_OBJECT_PROPERTY_STRING id, const string &value) { return rt::ask("ObjectSetString", chart, name, id, value).yes(); }
inline bool ObjectSetString(int64 chart, const string &name, ENUM_OBJECT_PROPERTY_STRING id, int modifier, const string &value) { return rt::ask("ObjectSetString", chart, name, id, value, modifier).yes(); }
inline string ObjectGetString(int64 chart, const string &name, ENUM_OBJECT_PROPERTY_STRING id, int modifier = 0) { return rt::ask("ObjectGetString", chart, name, id, modifier).text(1); }
inline bool ObjectGetString(int64 chart, const string &name, ENUM_OBJECT_PROPERTY_STRING id, int modifier, string &to) { return rt::property("ObjectGetString", to, chart, name, id, modifier); }

}  // namespace mql

#define _Symbol ::mql::Symbol()
#define _Period ::mql::Period()
#define _Digits static_cast<int>(::mql::SymbolInfoInteger(::mql::Symbol(), ::mql::SYMBOL_DIGITS))
#define _Point ::mql::SymbolInfoDouble(::mql::Symbol(), ::mql::SYMBOL_POINT)
#define _UninitReason ::mql::UninitializeReason()
#define _StopFlag ::mql::IsStopped()
