//+------------------------------------------------------------------+
//|                                                   RiskLimits.mqh |
//| The program's own inputs as far as they limit orders: they hold  |
//| whatever the sidecar asks for. No call into the terminal.        |
//+------------------------------------------------------------------+
#include "..\Common\Text.mqh"
#include "..\Link\Records.mqh"

#define POINTS_SLACK 0.001        // doubles: 20.000000000001 points are 20
#define LOTS_SLACK 0.000000001
//+------------------------------------------------------------------+
//| What may be done at all                                          |
//+------------------------------------------------------------------+
struct SLimits
  {
   bool              allow_long;
   bool              allow_short;
   bool              allow_close;
   bool              allow_modify;
   bool              allow_cancel;
   string            symbols;               // of an OPEN: names with commas between them; empty: all
   double            max_lot;               // of an OPEN; a CLOSE only takes risk away
   long              deviation;             // points, of an order that names none
   long              max_deviation;         // points
   long              max_spread;            // points, of an OPEN; 0: no limit
   long              max_symbol_positions;  // of an OPEN, and so are those that follow; 0: no limit
   double            max_symbol_lots;
   long              max_orders_per_minute;
   double            min_margin_level;      // percent
   double            max_daily_loss;        // account currency
  };
//+------------------------------------------------------------------+
//| The deviation that an order asks for, in points                  |
//+------------------------------------------------------------------+
long DeviationOf(const SLimits &limits,const SOrder &order)
  {
   return((order.deviation<0) ? limits.deviation : order.deviation);
  }
//+------------------------------------------------------------------+
//| The deviation that an order goes out with, in points: whoever    |
//| closes gets what he asks for up to the maximum, and is not       |
//| refused                                                          |
//+------------------------------------------------------------------+
long SentDeviation(const SLimits &limits,const SOrder &order)
  {
   long asked=DeviationOf(limits,order);
   return((order.kind==ORDER_KIND_CLOSE && asked>limits.max_deviation) ? limits.max_deviation : asked);
  }
//+------------------------------------------------------------------+
//| An action by the input that allows it                            |
//+------------------------------------------------------------------+
string ActionOf(const SOrder &order)
  {
   if(order.kind!=ORDER_KIND_OPEN)
      return(order.kind);
   return((order.side==ORDER_SIDE_BUY) ? "OPEN LONG" : "OPEN SHORT");
  }
//+------------------------------------------------------------------+
//| Which actions are allowed, for people                            |
//+------------------------------------------------------------------+
string AllowedActions(const SLimits &limits)
  {
   string list="";
   if(limits.allow_long)
      list+=", OPEN LONG";
   if(limits.allow_short)
      list+=", OPEN SHORT";
   if(limits.allow_close)
      list+=", CLOSE";
   if(limits.allow_modify)
      list+=", MODIFY";
   if(limits.allow_cancel)
      list+=", CANCEL";
   return((list=="") ? "none" : StringSubstr(list,2));
  }
//+------------------------------------------------------------------+
//| Whether the inputs allow what the order does                     |
//+------------------------------------------------------------------+
bool AllowsAction(const SLimits &limits,const SOrder &order)
  {
   if(order.kind==ORDER_KIND_CLOSE)
      return(limits.allow_close);
   if(order.kind==ORDER_KIND_MODIFY)
      return(limits.allow_modify);
   if(order.kind==ORDER_KIND_CANCEL)
      return(limits.allow_cancel);
   return((order.side==ORDER_SIDE_BUY) ? limits.allow_long : limits.allow_short);
  }
//+------------------------------------------------------------------+
//| A list of symbols as it is compared: no spaces around the names  |
//+------------------------------------------------------------------+
string TidySymbols(const string symbols)
  {
   string names[];
   string list="";
   int count=StringSplit(symbols,',',names);
   for(int i=0; i<count; i++)
     {
      string name=Trimmed(names[i]);
      if(name!="")
         list+=((list=="") ? "" : ", ")+name;
     }
   return(list);
  }
//+------------------------------------------------------------------+
//| Whether the inputs allow opening in a symbol                     |
//+------------------------------------------------------------------+
bool AllowsSymbol(const SLimits &limits,const string symbol)
  {
   return(limits.symbols=="" || StringFind(", "+limits.symbols+", ",", "+symbol+", ")>=0);
  }
//+------------------------------------------------------------------+
//| Which input forbids the order, with the numbers; empty: none     |
//+------------------------------------------------------------------+
string ForbiddenByLimits(const SLimits &limits,const SOrder &order)
  {
   bool opens=(order.kind==ORDER_KIND_OPEN);
   if(!AllowsAction(limits,order))
      return(ActionOf(order)+" is not among the allowed actions ("+AllowedActions(limits)+")");
   if(opens && !AllowsSymbol(limits,order.symbol))
      return(order.symbol+" is not among the allowed symbols ("+limits.symbols+")");
   if(opens && StringToDouble(order.volume)>limits.max_lot+LOTS_SLACK)
      return(order.volume+" lots are more than the maximum lot "+DoubleToString(limits.max_lot,2));
   if(!opens || IsPending(order))
      return("");
   long deviation=DeviationOf(limits,order);
   if(deviation>limits.max_deviation)
      return("a deviation of "+IntegerToString(deviation)+" points is more than the maximum deviation "
             +IntegerToString(limits.max_deviation));
   return("");
  }
//+------------------------------------------------------------------+
//| Whether the spread is too wide for the order; empty: it is not   |
//+------------------------------------------------------------------+
string ForbiddenBySpread(const SLimits &limits,const SOrder &order,const double bid,const double ask,const double point)
  {
   if(order.kind!=ORDER_KIND_OPEN || limits.max_spread<=0 || point<=0.0)
      return("");
   double spread=(ask-bid)/point;
   if(spread<=(double)limits.max_spread+POINTS_SLACK)
      return("");
   return("the spread of "+DoubleToString(spread,0)+" points is wider than the maximum spread "
          +IntegerToString(limits.max_spread));
  }
//+------------------------------------------------------------------+
//| Whether the spread is wider than the order itself allows; empty: |
//| it is not                                                        |
//+------------------------------------------------------------------+
string WiderThanOrdered(const SOrder &order,const double bid,const double ask,const double point)
  {
   double spread=(point>0.0) ? (ask-bid)/point : 0.0;
   if(order.kind!=ORDER_KIND_OPEN || order.max_spread<0 || spread<=(double)order.max_spread+POINTS_SLACK)
      return("");
   return("the spread is "+DoubleToString(spread,0)+" points; at most "+IntegerToString(order.max_spread)+" are allowed");
  }
//+------------------------------------------------------------------+
//| Whether the market is too far from the order's own price; empty: |
//| it is not                                                        |
//+------------------------------------------------------------------+
string TooFarFrom(const SLimits &limits,const SOrder &order,const double market,const double point,const int digits)
  {
   if(order.price=="" || point<=0.0)
      return("");
   long allowed=DeviationOf(limits,order);
   double distance=MathAbs(market-StringToDouble(order.price))/point;
   if(distance<=(double)allowed+POINTS_SLACK)
      return("");
   return("the market is at "+DoubleToString(market,digits)+", "+DoubleToString(distance,0)+" points from "+order.price
          +"; "+IntegerToString(allowed)+" are allowed");
  }
//+------------------------------------------------------------------+
