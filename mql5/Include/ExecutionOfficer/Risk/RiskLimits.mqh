//+------------------------------------------------------------------+
//|                                                   RiskLimits.mqh |
//| Risk limits of each order: the program's inputs. They hold       |
//| whatever the sidecar sends. No call into the terminal.           |
//+------------------------------------------------------------------+
#include "..\Common\Text.mqh"
#include "..\Link\Records.mqh"

#define SYMBOLS_SHOWN 200 // characters of the allowed symbols in a message
#define POINTS_TOLERANCE 0.001        // doubles: 20.000000000001 points are 20
#define LOTS_TOLERANCE 0.000000001
//+------------------------------------------------------------------+
//| All risk limits.                                                 |
//+------------------------------------------------------------------+
struct SRiskLimits
  {
   bool              allow_long;
   bool              allow_short;
   bool              allow_close;
   bool              allow_modify;
   bool              allow_cancel;
   string            symbols;              // of an OPEN: names separated by commas; empty: all
   double            max_lot;              // of an OPEN; a CLOSE only reduces risk
   long              default_deviation;    // points, of an order without one
   long              max_deviation;        // points
   long              max_spread;           // points, of an OPEN; 0: no limit
   long              max_symbol_positions; // of an OPEN, as the following ones; 0: no limit
   double            max_symbol_lots;
   long              max_orders_per_minute;
   double            min_margin_level;     // percent
   double            max_daily_loss;       // account currency
  };
//+------------------------------------------------------------------+
//| Return the deviation of an order, in points.                     |
//+------------------------------------------------------------------+
long DeviationOf(const SRiskLimits &risk_limits,const SOrder &order)
  {
   return((order.deviation_points<0) ? risk_limits.default_deviation : order.deviation_points);
  }
//+------------------------------------------------------------------+
//| Return the deviation that is sent, in points: for a CLOSE it is  |
//| cut to the maximum, and the order is not refused.                |
//+------------------------------------------------------------------+
long SentDeviation(const SRiskLimits &risk_limits,const SOrder &order)
  {
   long asked=DeviationOf(risk_limits,order);
   return((order.kind==COMMAND_KIND_CLOSE && asked>risk_limits.max_deviation) ? risk_limits.max_deviation : asked);
  }
//+------------------------------------------------------------------+
//| Return the action of an order, as its input names it.            |
//+------------------------------------------------------------------+
string ActionOf(const SOrder &order)
  {
   if(order.kind!=COMMAND_KIND_OPEN)
      return(order.kind);
   return((order.side==ORDER_SIDE_BUY) ? "OPEN LONG" : "OPEN SHORT");
  }
//+------------------------------------------------------------------+
//| Return the allowed actions, for messages.                        |
//+------------------------------------------------------------------+
string AllowedActions(const SRiskLimits &risk_limits)
  {
   string list="";
   if(risk_limits.allow_long)
      list+=", OPEN LONG";
   if(risk_limits.allow_short)
      list+=", OPEN SHORT";
   if(risk_limits.allow_close)
      list+=", CLOSE";
   if(risk_limits.allow_modify)
      list+=", MODIFY";
   if(risk_limits.allow_cancel)
      list+=", CANCEL";
   return((list=="") ? "none" : StringSubstr(list,2));
  }
//+------------------------------------------------------------------+
//| Return whether the inputs allow the action of an order. An       |
//| unknown action is not allowed.                                   |
//+------------------------------------------------------------------+
bool AllowsAction(const SRiskLimits &risk_limits,const SOrder &order)
  {
   if(order.kind==COMMAND_KIND_CLOSE)
      return(risk_limits.allow_close);
   if(order.kind==COMMAND_KIND_MODIFY)
      return(risk_limits.allow_modify);
   if(order.kind==COMMAND_KIND_CANCEL)
      return(risk_limits.allow_cancel);
   if(order.kind!=COMMAND_KIND_OPEN)
      return(false);
   if(order.side==ORDER_SIDE_BUY)
      return(risk_limits.allow_long);
   return(order.side==ORDER_SIDE_SELL && risk_limits.allow_short);
  }
//+------------------------------------------------------------------+
//| Return a list of symbols without spaces around the names.        |
//+------------------------------------------------------------------+
string NormalizeSymbols(const string symbols)
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
//| Return whether the inputs allow opening in a symbol.             |
//+------------------------------------------------------------------+
bool AllowsSymbol(const SRiskLimits &risk_limits,const string symbol)
  {
   return(risk_limits.symbols=="" || StringFind(", "+risk_limits.symbols+", ",", "+symbol+", ")>=0);
  }
//+------------------------------------------------------------------+
//| Return the allowed symbols for a message: a long list's number.  |
//+------------------------------------------------------------------+
string AllowedSymbols(const SRiskLimits &risk_limits)
  {
   string names[];
   if(StringLen(risk_limits.symbols)<=SYMBOLS_SHOWN)
      return("allowed symbols ("+risk_limits.symbols+")");
   return(IntegerToString(StringSplit(risk_limits.symbols,',',names))+" allowed symbols");
  }
//+------------------------------------------------------------------+
//| Return the limit that forbids the order, with its numbers; empty |
//| where none does.                                                 |
//+------------------------------------------------------------------+
string RiskLimitViolation(const SRiskLimits &risk_limits,const SOrder &order)
  {
   bool opens=(order.kind==COMMAND_KIND_OPEN);
   if(!AllowsAction(risk_limits,order))
      return(ActionOf(order)+" is not among the allowed actions ("+AllowedActions(risk_limits)+")");
   if(opens && !AllowsSymbol(risk_limits,order.symbol))
      return(order.symbol+" is not among the "+AllowedSymbols(risk_limits));
   if(opens && StringToDouble(order.volume)>risk_limits.max_lot+LOTS_TOLERANCE)
      return(order.volume+" lots are more than the maximum lot "+DoubleToString(risk_limits.max_lot,2));
   if(!opens || IsPending(order))
      return("");
   long deviation=DeviationOf(risk_limits,order);
   if(deviation>risk_limits.max_deviation)
      return("a deviation of "+IntegerToString(deviation)+" points is more than the maximum deviation "
             +IntegerToString(risk_limits.max_deviation));
   return("");
  }
//+------------------------------------------------------------------+
//| Return a message where the spread exceeds the limit; else empty. |
//+------------------------------------------------------------------+
string SpreadLimitViolation(const SRiskLimits &risk_limits,const SOrder &order,const double bid,const double ask,
                            const double point)
  {
   if(order.kind!=COMMAND_KIND_OPEN || risk_limits.max_spread<=0 || point<=0.0)
      return("");
   double spread=(ask-bid)/point;
   if(spread<=(double)risk_limits.max_spread+POINTS_TOLERANCE)
      return("");
   return("the spread of "+DoubleToString(spread,0)+" points is wider than the maximum spread "
          +IntegerToString(risk_limits.max_spread));
  }
//+------------------------------------------------------------------+
//| Return a message where the spread exceeds the order's own        |
//| maximum; else empty.                                             |
//+------------------------------------------------------------------+
string OrderSpreadViolation(const SOrder &order,const double bid,const double ask,const double point)
  {
   double spread=(point>0.0) ? (ask-bid)/point : 0.0;
   if(order.kind!=COMMAND_KIND_OPEN || order.max_spread_points<0)
      return("");
   if(spread<=(double)order.max_spread_points+POINTS_TOLERANCE)
      return("");
   return("the spread is "+DoubleToString(spread,0)+" points; at most "+IntegerToString(order.max_spread_points)
          +" are allowed");
  }
//+------------------------------------------------------------------+
//| Return a message where the market is too much worse than the     |
//| order's own price; else empty. A better market is never too far. |
//+------------------------------------------------------------------+
string PriceDistanceViolation(const SRiskLimits &risk_limits,const SOrder &order,const double market,
                              const double point,const int digits)
  {
   if(order.price=="" || point<=0.0)
      return("");
   long allowed=DeviationOf(risk_limits,order);
   double worse=(market-StringToDouble(order.price))/point;
   if(order.side==ORDER_SIDE_SELL)
      worse=-worse;
   if(worse<=(double)allowed+POINTS_TOLERANCE)
      return("");
   return("the market is at "+DoubleToString(market,digits)+", "+DoubleToString(worse,0)+" points worse than "
          +order.price+"; "+IntegerToString(allowed)+" are allowed");
  }
//+------------------------------------------------------------------+
