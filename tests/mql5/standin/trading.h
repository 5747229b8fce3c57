// Functions of account, symbols, orders, deals and positions.
#pragma once

#include "chart.h"

namespace rt {

// Second form of a getter: the result is success, the value is returned through a reference.
template <class T, class I>
bool into(const char *name, T &target, I id) {
    const answer got = ask(name, id);
    if (got.count == 0) return false;
    if constexpr (std::is_same_v<T, mql::string>) target = got.text();
    else if constexpr (std::is_same_v<T, double>) target = got.real();
    else target = got.whole();
    return true;
}

template <class T, class K, class I>
bool into(const char *name, T &target, const K &key, I id) {
    const answer got = ask(name, key, id);
    if (got.count == 0) return false;
    if constexpr (std::is_same_v<T, mql::string>) target = got.text();
    else if constexpr (std::is_same_v<T, double>) target = got.real();
    else target = got.whole();
    return true;
}

inline bool session(const char *which, const mql::string &name, mql::ENUM_DAY_OF_WEEK day, mql::uint number, mql::datetime &from, mql::datetime &to) {
    const answer got = ask(which, name, day, number);
    if (got.count < 2) return false;
    from = mql::datetime(got.whole(0));
    to = mql::datetime(got.whole(1));
    return true;
}

}  // namespace rt

namespace mql {

// Account
inline int64 AccountInfoInteger(ENUM_ACCOUNT_INFO_INTEGER id) { return rt::ask("AccountInfoInteger", id).whole(); }
inline double AccountInfoDouble(ENUM_ACCOUNT_INFO_DOUBLE id) { return rt::ask("AccountInfoDouble", id).real(); }
inline string AccountInfoString(ENUM_ACCOUNT_INFO_STRING id) { return rt::ask("AccountInfoString", id).text(); }

// Symbols
inline int SymbolsTotal(bool selected) { return rt::ask("SymbolsTotal", selected).number(); }
inline string SymbolName(int at, bool selected) { return rt::ask("SymbolName", at, selected).text(); }
inline bool SymbolSelect(const string &name, bool select) { return rt::ask("SymbolSelect", name, select).yes(); }
inline bool SymbolExist(const string &name, bool &is_custom) { is_custom = false; return rt::ask("SymbolExist", name).yes(); }
inline bool SymbolIsSynchronized(const string &name) { return rt::ask("SymbolIsSynchronized", name).yes(); }
inline int64 SymbolInfoInteger(const string &name, ENUM_SYMBOL_INFO_INTEGER id) { return rt::ask("SymbolInfoInteger", name, id).whole(); }
inline double SymbolInfoDouble(const string &name, ENUM_SYMBOL_INFO_DOUBLE id) { return rt::ask("SymbolInfoDouble", name, id).real(); }
inline string SymbolInfoString(const string &name, ENUM_SYMBOL_INFO_STRING id) { return rt::ask("SymbolInfoString", name, id).text(); }
inline bool SymbolInfoInteger(const string &name, ENUM_SYMBOL_INFO_INTEGER id, int64 &to) { return rt::into("SymbolInfoInteger", to, name, id); }
inline bool SymbolInfoDouble(const string &name, ENUM_SYMBOL_INFO_DOUBLE id, double &to) { return rt::into("SymbolInfoDouble", to, name, id); }
inline bool SymbolInfoString(const string &name, ENUM_SYMBOL_INFO_STRING id, string &to) { return rt::into("SymbolInfoString", to, name, id); }
inline bool SymbolInfoSessionTrade(const string &name, ENUM_DAY_OF_WEEK day, uint session, datetime &from, datetime &to) {
    return rt::session("SymbolInfoSessionTrade", name, day, session, from, to);
}
inline bool SymbolInfoSessionQuote(const string &name, ENUM_DAY_OF_WEEK day, uint session, datetime &from, datetime &to) {
    return rt::session("SymbolInfoSessionQuote", name, day, session, from, to);
}
inline bool SymbolInfoMarginRate(const string &name, ENUM_ORDER_TYPE type, double &initial, double &maintenance) {
    const rt::answer got = rt::ask("SymbolInfoMarginRate", name, type);
    if (got.count < 2) return false;
    initial = got.real(0);
    maintenance = got.real(1);
    return true;
}
inline int Digits() { return static_cast<int>(SymbolInfoInteger(Symbol(), SYMBOL_DIGITS)); }
inline double Point() { return SymbolInfoDouble(Symbol(), SYMBOL_POINT); }
[[nodiscard]] inline bool SymbolInfoTick(const string &name, MqlTick &tick) {
    const rt::answer got = rt::ask("SymbolInfoTick", name);
    if (got.count < 4) return false;
    tick.time_msc = got.whole(0);
    tick.time = datetime(tick.time_msc / 1000);
    tick.bid = got.real(1);
    tick.ask = got.real(2);
    tick.last = got.real(3);
    tick.volume = 0;
    tick.flags = 0;
    tick.volume_real = 0;
    return true;
}

// Orders
inline int OrdersTotal() { return rt::ask("OrdersTotal").number(); }
inline uint64 OrderGetTicket(int at) { return static_cast<uint64>(rt::ask("OrderGetTicket", at).whole()); }
[[nodiscard]] inline bool OrderSelect(uint64 ticket) { return rt::ask("OrderSelect", ticket).yes(); }
inline int64 OrderGetInteger(ENUM_ORDER_PROPERTY_INTEGER id) { return rt::ask("OrderGetInteger", id).whole(); }
inline double OrderGetDouble(ENUM_ORDER_PROPERTY_DOUBLE id) { return rt::ask("OrderGetDouble", id).real(); }
inline string OrderGetString(ENUM_ORDER_PROPERTY_STRING id) { return rt::ask("OrderGetString", id).text(); }
inline bool OrderGetInteger(ENUM_ORDER_PROPERTY_INTEGER id, int64 &to) { return rt::into("OrderGetInteger", to, id); }
inline bool OrderGetDouble(ENUM_ORDER_PROPERTY_DOUBLE id, double &to) { return rt::into("OrderGetDouble", to, id); }
inline bool OrderGetString(ENUM_ORDER_PROPERTY_STRING id, string &to) { return rt::into("OrderGetString", to, id); }

// Positions
inline int PositionsTotal() { return rt::ask("PositionsTotal").number(); }
inline uint64 PositionGetTicket(int at) { return static_cast<uint64>(rt::ask("PositionGetTicket", at).whole()); }
inline string PositionGetSymbol(int at) { return rt::ask("PositionGetSymbol", at).text(); }
[[nodiscard]] inline bool PositionSelect(const string &symbol) { return rt::ask("PositionSelect", symbol).yes(); }
[[nodiscard]] inline bool PositionSelectByTicket(uint64 ticket) { return rt::ask("PositionSelectByTicket", ticket).yes(); }
inline int64 PositionGetInteger(ENUM_POSITION_PROPERTY_INTEGER id) { return rt::ask("PositionGetInteger", id).whole(); }
inline double PositionGetDouble(ENUM_POSITION_PROPERTY_DOUBLE id) { return rt::ask("PositionGetDouble", id).real(); }
inline string PositionGetString(ENUM_POSITION_PROPERTY_STRING id) { return rt::ask("PositionGetString", id).text(); }
inline bool PositionGetInteger(ENUM_POSITION_PROPERTY_INTEGER id, int64 &to) { return rt::into("PositionGetInteger", to, id); }
inline bool PositionGetDouble(ENUM_POSITION_PROPERTY_DOUBLE id, double &to) { return rt::into("PositionGetDouble", to, id); }
inline bool PositionGetString(ENUM_POSITION_PROPERTY_STRING id, string &to) { return rt::into("PositionGetString", to, id); }

// History
[[nodiscard]] inline bool HistorySelect(datetime from, datetime to) { return rt::ask("HistorySelect", from, to).yes(); }
[[nodiscard]] inline bool HistorySelectByPosition(uint64 position) { return rt::ask("HistorySelectByPosition", position).yes(); }
[[nodiscard]] inline bool HistoryOrderSelect(uint64 ticket) { return rt::ask("HistoryOrderSelect", ticket).yes(); }
[[nodiscard]] inline bool HistoryDealSelect(uint64 ticket) { return rt::ask("HistoryDealSelect", ticket).yes(); }
inline int HistoryOrdersTotal() { return rt::ask("HistoryOrdersTotal").number(); }
inline int HistoryDealsTotal() { return rt::ask("HistoryDealsTotal").number(); }
inline uint64 HistoryOrderGetTicket(int at) { return static_cast<uint64>(rt::ask("HistoryOrderGetTicket", at).whole()); }
inline uint64 HistoryDealGetTicket(int at) { return static_cast<uint64>(rt::ask("HistoryDealGetTicket", at).whole()); }
inline int64 HistoryOrderGetInteger(uint64 ticket, ENUM_ORDER_PROPERTY_INTEGER id) { return rt::ask("HistoryOrderGetInteger", ticket, id).whole(); }
inline double HistoryOrderGetDouble(uint64 ticket, ENUM_ORDER_PROPERTY_DOUBLE id) { return rt::ask("HistoryOrderGetDouble", ticket, id).real(); }
inline string HistoryOrderGetString(uint64 ticket, ENUM_ORDER_PROPERTY_STRING id) { return rt::ask("HistoryOrderGetString", ticket, id).text(); }
inline int64 HistoryDealGetInteger(uint64 ticket, ENUM_DEAL_PROPERTY_INTEGER id) { return rt::ask("HistoryDealGetInteger", ticket, id).whole(); }
inline double HistoryDealGetDouble(uint64 ticket, ENUM_DEAL_PROPERTY_DOUBLE id) { return rt::ask("HistoryDealGetDouble", ticket, id).real(); }
inline string HistoryDealGetString(uint64 ticket, ENUM_DEAL_PROPERTY_STRING id) { return rt::ask("HistoryDealGetString", ticket, id).text(); }
inline bool HistoryOrderGetInteger(uint64 ticket, ENUM_ORDER_PROPERTY_INTEGER id, int64 &to) { return rt::into("HistoryOrderGetInteger", to, ticket, id); }
inline bool HistoryOrderGetDouble(uint64 ticket, ENUM_ORDER_PROPERTY_DOUBLE id, double &to) { return rt::into("HistoryOrderGetDouble", to, ticket, id); }
inline bool HistoryOrderGetString(uint64 ticket, ENUM_ORDER_PROPERTY_STRING id, string &to) { return rt::into("HistoryOrderGetString", to, ticket, id); }
inline bool HistoryDealGetInteger(uint64 ticket, ENUM_DEAL_PROPERTY_INTEGER id, int64 &to) { return rt::into("HistoryDealGetInteger", to, ticket, id); }
inline bool HistoryDealGetDouble(uint64 ticket, ENUM_DEAL_PROPERTY_DOUBLE id, double &to) { return rt::into("HistoryDealGetDouble", to, ticket, id); }
inline bool HistoryDealGetString(uint64 ticket, ENUM_DEAL_PROPERTY_STRING id, string &to) { return rt::into("HistoryDealGetString", to, ticket, id); }

}  // namespace mql

namespace rt {

inline answer ask_trade(const char *name, const mql::MqlTradeRequest &r) {
    return ask(name, r.action, r.magic, r.order, r.symbol, r.volume, r.price, r.stoplimit, r.sl, r.tp, r.deviation, r.type,
               r.type_filling, r.type_time, r.expiration, r.comment, r.position, r.position_by);
}

inline bool send(const char *name, const mql::MqlTradeRequest &request, mql::MqlTradeResult &result) {
    const answer got = ask_trade(name, request);
    result.retcode = static_cast<mql::uint>(got.whole(1));
    result.deal = static_cast<mql::uint64>(got.whole(2));
    result.order = static_cast<mql::uint64>(got.whole(3));
    result.volume = got.real(4);
    result.price = got.real(5);
    result.bid = got.real(6);
    result.ask = got.real(7);
    result.comment = got.text(8);
    result.request_id = static_cast<mql::uint>(got.whole(9));
    result.retcode_external = got.number(10);
    return got.yes(0);
}

}  // namespace rt

namespace mql {

[[nodiscard]] inline bool OrderSend(MqlTradeRequest &request, MqlTradeResult &result) { return rt::send("OrderSend", request, result); }
[[nodiscard]] inline bool OrderSendAsync(MqlTradeRequest &request, MqlTradeResult &result) { return rt::send("OrderSendAsync", request, result); }

[[nodiscard]] inline bool OrderCheck(MqlTradeRequest &request, MqlTradeCheckResult &result) {
    const rt::answer got = rt::ask_trade("OrderCheck", request);
    result.retcode = static_cast<uint>(got.whole(1));
    result.balance = got.real(2);
    result.equity = got.real(3);
    result.profit = got.real(4);
    result.margin = got.real(5);
    result.margin_free = got.real(6);
    result.margin_level = got.real(7);
    result.comment = got.text(8);
    return got.yes(0);
}

[[nodiscard]] inline bool OrderCalcMargin(ENUM_ORDER_TYPE type, const string &symbol, double volume, double price, double &margin) {
    const rt::answer got = rt::ask("OrderCalcMargin", type, symbol, volume, price);
    if (got.count == 0) return false;
    margin = got.real();
    return true;
}

[[nodiscard]] inline bool OrderCalcProfit(ENUM_ORDER_TYPE type, const string &symbol, double volume, double opened, double closed, double &profit) {
    const rt::answer got = rt::ask("OrderCalcProfit", type, symbol, volume, opened, closed);
    if (got.count == 0) return false;
    profit = got.real();
    return true;
}

}  // namespace mql
