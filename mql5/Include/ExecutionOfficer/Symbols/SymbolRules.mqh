//+------------------------------------------------------------------+
//|                                                  SymbolRules.mqh |
//| Rules of a symbol: order types, directions, trading hours. They  |
//| apply to an OPEN only: what reduces risk is left to the broker's |
//| decision.                                                        |
//+------------------------------------------------------------------+
#include "..\Link\Records.mqh"
#include "Expiry.mqh"
#include "Levels.mqh"

#define WEEK_DAYS 7
#define SESSIONS_MAX 70           // sessions of one week that a report holds
#define FIRST_WEEKDAY 4           // 1 January 1970 was a Thursday
//+------------------------------------------------------------------+
//| Read the symbol's quote; return false where there is none. A     |
//| price below zero is one: futures have had it.                    |
//+------------------------------------------------------------------+
bool ReadQuote(const string symbol,MqlTick &tick)
  {
   return(SymbolInfoTick(symbol,tick) && tick.bid!=0.0 && tick.ask!=0.0);
  }
//+------------------------------------------------------------------+
//| Read the symbol's quote and its rules for levels; return false   |
//| where there is no quote.                                         |
//+------------------------------------------------------------------+
bool ReadMarket(const string symbol,SMarket &market)
  {
   MqlTick tick;
   market.bid=0.0;
   market.ask=0.0;
   market.point=SymbolInfoDouble(symbol,SYMBOL_POINT);
   market.digits=(int)SymbolInfoInteger(symbol,SYMBOL_DIGITS);
   market.stops_level=SymbolInfoInteger(symbol,SYMBOL_TRADE_STOPS_LEVEL);
   market.freeze_level=SymbolInfoInteger(symbol,SYMBOL_TRADE_FREEZE_LEVEL);
   if(!ReadQuote(symbol,tick) || market.point<=0.0)
      return(false);
   market.bid=tick.bid;
   market.ask=tick.ask;
   return(true);
  }
//+------------------------------------------------------------------+
//| Return the flag of SYMBOL_ORDER_MODE for an order type; 0 for an |
//| unknown type, which no symbol allows.                            |
//+------------------------------------------------------------------+
long OrderTypeFlag(const string order_type)
  {
   if(order_type==LINK_ORDER_LIMIT)
      return(SYMBOL_ORDER_LIMIT);
   if(order_type==LINK_ORDER_STOP)
      return(SYMBOL_ORDER_STOP);
   if(order_type==LINK_ORDER_STOP_LIMIT)
      return(SYMBOL_ORDER_STOP_LIMIT);
   return((order_type==LINK_ORDER_MARKET) ? SYMBOL_ORDER_MARKET : 0);
  }
//+------------------------------------------------------------------+
//| Read the order types of SYMBOL_ORDER_MODE; return their number.  |
//+------------------------------------------------------------------+
int AllowedOrderTypes(const long flags,string &order_types[])
  {
   string every[4]={LINK_ORDER_MARKET,LINK_ORDER_LIMIT,LINK_ORDER_STOP,LINK_ORDER_STOP_LIMIT};
   int count=0;
   ArrayResize(order_types,4);
   for(int i=0; i<4; i++)
     {
      if((flags&OrderTypeFlag(every[i]))==0)
         continue;
      order_types[count]=every[i];
      count++;
     }
   ArrayResize(order_types,count);
   return(count);
  }
//+------------------------------------------------------------------+
//| Return a list for messages.                                      |
//+------------------------------------------------------------------+
string JoinedList(const string &words[],const string nothing)
  {
   string list="";
   for(int i=0; i<ArraySize(words); i++)
      list+=((i>0) ? ", " : "")+words[i];
   return((list=="") ? nothing : list);
  }
//+------------------------------------------------------------------+
//| Read a trade session, in seconds since the midnight of its day   |
//| (0: Sunday); return false where there is none. An end that is    |
//| not behind the begin is a time of the next day: the end of the   |
//| whole day, 24:00, is shown as 00:00 by some terminals.           |
//+------------------------------------------------------------------+
bool ReadSession(const string symbol,const int day,const uint index,long &from_s,long &to_s)
  {
   datetime from=0;
   datetime to=0;
   if(!SymbolInfoSessionTrade(symbol,(ENUM_DAY_OF_WEEK)day,index,from,to))
      return(false);
   from_s=(long)from;
   to_s=(long)to;
   if(to_s<=from_s)
      to_s+=DAY_S;
   return(true);
  }
//+------------------------------------------------------------------+
//| Return the trade sessions of the week as JSON.                   |
//+------------------------------------------------------------------+
string SessionsJson(const string symbol)
  {
   long from_s=0;
   long to_s=0;
   int count=0;
   string list="";
   for(int day=0; day<WEEK_DAYS; day++)
      for(uint i=0; count<SESSIONS_MAX && ReadSession(symbol,day,i,from_s,to_s); i++)
        {
         if(from_s>DAY_S || to_s>2*DAY_S)
            continue;
         list+=((count>0) ? "," : "")+"{\"day\":"+IntegerToString(day)+",\"from_s\":"+IntegerToString(from_s)
               +",\"to_s\":"+IntegerToString(to_s)+"}";
         count++;
        }
   return("["+list+"]");
  }
//+------------------------------------------------------------------+
//| Return whether the broker publishes trade sessions of a symbol.  |
//| Without any only the trade server knows whether it is traded.    |
//+------------------------------------------------------------------+
bool HasSessions(const string symbol)
  {
   long from_s=0;
   long to_s=0;
   for(int day=0; day<WEEK_DAYS; day++)
      if(ReadSession(symbol,day,0,from_s,to_s))
         return(true);
   return(false);
  }
//+------------------------------------------------------------------+
//| Return whether a trade session of a day (0: Sunday) includes a   |
//| second, counted from that day's midnight.                        |
//+------------------------------------------------------------------+
bool SessionHolds(const string symbol,const int day,const long second)
  {
   long from_s=0;
   long to_s=0;
   for(uint i=0; ReadSession(symbol,day,i,from_s,to_s); i++)
      if(second>=from_s && second<to_s)
         return(true);
   return(false);
  }
//+------------------------------------------------------------------+
//| Return whether a trade session is open at a server time: one of  |
//| today, or one of yesterday that ends after midnight.             |
//+------------------------------------------------------------------+
bool SessionOpen(const string symbol,const long server_ms)
  {
   long now_s=server_ms/1000;
   long second=now_s%DAY_S;
   int day=(int)((now_s/DAY_S+FIRST_WEEKDAY)%WEEK_DAYS);
   int yesterday=(day+WEEK_DAYS-1)%WEEK_DAYS;
   return(SessionHolds(symbol,day,second) || SessionHolds(symbol,yesterday,second+DAY_S));
  }
//+------------------------------------------------------------------+
//| Return the next opening of a closed symbol, in milliseconds of   |
//| server time; 0 where it is unknown.                              |
//+------------------------------------------------------------------+
long NextOpening(const string symbol,const long server_ms)
  {
   long from_s=0;
   long to_s=0;
   long now_s=server_ms/1000;
   long midnight_s=now_s-now_s%DAY_S;
   for(int ahead=0; ahead<=WEEK_DAYS; ahead++)
     {
      long next_s=0;
      int day=(int)((midnight_s/DAY_S+FIRST_WEEKDAY+ahead)%WEEK_DAYS);
      for(uint i=0; ReadSession(symbol,day,i,from_s,to_s); i++)
        {
         long begins_s=midnight_s+ahead*DAY_S+from_s;
         if(begins_s>now_s && (next_s==0 || begins_s<next_s))
            next_s=begins_s;
        }
      if(next_s!=0)
         return(next_s*1000);
     }
   return(0);
  }
//+------------------------------------------------------------------+
//| Return the message that the market is closed, with the next      |
//| opening where it is known.                                       |
//+------------------------------------------------------------------+
string ClosedText(const string symbol,const long server_ms)
  {
   long opens_ms=NextOpening(symbol,server_ms);
   string closed="the market for "+symbol+" is closed";
   return((opens_ms==0) ? closed : closed+" until "+ClockText(opens_ms)+", server time");
  }
//+------------------------------------------------------------------+
//| Check an OPEN against the rules of its symbol.                   |
//+------------------------------------------------------------------+
bool CheckSymbolRules(const SOrder &order,const long server_ms,SNotSent &answer)
  {
   string order_types[];
   string symbol=order.symbol;
   long flags=SymbolInfoInteger(symbol,SYMBOL_ORDER_MODE);
   long mode=SymbolInfoInteger(symbol,SYMBOL_TRADE_MODE);
   bool buys=(order.side==ORDER_SIDE_BUY);
   if((flags&OrderTypeFlag(order.order_type))==0)
     {
      AllowedOrderTypes(flags,order_types);
      return(NotSent(answer,"CHECK","order_type "+order.order_type+" is not allowed for "+symbol+"; allowed: "+JoinedList(order_types,"none"),
                     TRADE_RETCODE_INVALID_ORDER));
     }
   if(mode==SYMBOL_TRADE_MODE_DISABLED)
      return(NotSent(answer,"CHECK","trading in "+symbol+" is disabled",TRADE_RETCODE_TRADE_DISABLED));
   if(mode==SYMBOL_TRADE_MODE_CLOSEONLY)
      return(NotSent(answer,"CHECK","positions in "+symbol+" may only be closed",TRADE_RETCODE_CLOSE_ONLY));
   if(mode==SYMBOL_TRADE_MODE_LONGONLY && !buys)
      return(NotSent(answer,"CHECK","only long positions may be opened in "+symbol,TRADE_RETCODE_LONG_ONLY));
   if(mode==SYMBOL_TRADE_MODE_SHORTONLY && buys)
      return(NotSent(answer,"CHECK","only short positions may be opened in "+symbol,TRADE_RETCODE_SHORT_ONLY));
   if(HasSessions(symbol) && !SessionOpen(symbol,server_ms))
      return(NotSent(answer,"CHECK",ClosedText(symbol,server_ms),TRADE_RETCODE_MARKET_CLOSED));
   return(true);
  }
//+------------------------------------------------------------------+
