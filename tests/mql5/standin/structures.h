// Structures of MQL5. Source: MQL5 reference, 'Data Structures'; fields in its order.
#pragma once

#include "crypt.h"

namespace mql {

struct MqlTradeRequest {
    MQL_ARROW(MqlTradeRequest)
    ENUM_TRADE_REQUEST_ACTIONS action;
    uint64 magic;
    uint64 order;
    string symbol;
    double volume;
    double price;
    double stoplimit;
    double sl;
    double tp;
    uint64 deviation;
    ENUM_ORDER_TYPE type;
    ENUM_ORDER_TYPE_FILLING type_filling;
    ENUM_ORDER_TYPE_TIME type_time;
    datetime expiration;
    string comment;
    uint64 position;
    uint64 position_by;
};

struct MqlTradeResult {
    MQL_ARROW(MqlTradeResult)
    uint retcode;
    uint64 deal;
    uint64 order;
    double volume;
    double price;
    double bid;
    double ask;
    string comment;
    uint request_id;
    int retcode_external;
};

struct MqlTradeCheckResult {
    MQL_ARROW(MqlTradeCheckResult)
    uint retcode;
    double balance;
    double equity;
    double profit;
    double margin;
    double margin_free;
    double margin_level;
    string comment;
};

struct MqlTradeTransaction {
    MQL_ARROW(MqlTradeTransaction)
    uint64 deal;
    uint64 order;
    string symbol;
    ENUM_TRADE_TRANSACTION_TYPE type;
    ENUM_ORDER_TYPE order_type;
    ENUM_ORDER_STATE order_state;
    ENUM_DEAL_TYPE deal_type;
    ENUM_ORDER_TYPE_TIME time_type;
    datetime time_expiration;
    double price;
    double price_trigger;
    double price_sl;
    double price_tp;
    double volume;
    uint64 position;
    uint64 position_by;
};

struct MqlTick {
    MQL_ARROW(MqlTick)
    datetime time;
    double bid;
    double ask;
    double last;
    uint64 volume;
    int64 time_msc;
    uint flags;
    double volume_real;
};

struct MqlDateTime {
    MQL_ARROW(MqlDateTime)
    int year;
    int mon;
    int day;
    int hour;
    int min;
    int sec;
    int day_of_week;
    int day_of_year;
};

inline bool TimeToStruct(datetime moment, MqlDateTime &parts) {
    const rt::civil c = rt::to_civil(moment);
    parts.year = c.year;
    parts.mon = c.month;
    parts.day = c.day;
    parts.hour = c.hour;
    parts.min = c.minute;
    parts.sec = c.second;
    parts.day_of_week = c.day_of_week;
    parts.day_of_year = c.day_of_year;
    return true;
}

inline datetime StructToTime(const MqlDateTime &parts) {
    return datetime(rt::from_civil(parts.year, parts.mon, parts.day, parts.hour, parts.min, parts.sec));
}

}  // namespace mql
