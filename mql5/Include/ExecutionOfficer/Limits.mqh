//+------------------------------------------------------------------+
//|                                                       Limits.mqh |
//| The program's own inputs as far as they limit orders: they hold  |
//| whatever the sidecar asks for. No call into the terminal.        |
//+------------------------------------------------------------------+
#include "Terms.mqh"
#include "Text.mqh"

#define POINTS_SLACK 0.001        // doubles: 20.000000000001 points are 20
#define LOTS_SLACK 0.000000001
//+------------------------------------------------------------------+
//| What may be done at all                                          |
//+------------------------------------------------------------------+
struct SLimits
  {
   bool              allow_open;
   bool              allow_close;
   double            max_lot;            // of an OPEN; a CLOSE only takes risk away
   long              deviation;          // points, of an order that names none
   long              max_deviation;      // points
   long              max_spread;         // points, of an OPEN; 0: no limit
  };
//+------------------------------------------------------------------+
//| The deviation that an order goes out with, in points             |
//+------------------------------------------------------------------+
long DeviationOf(const SLimits &limits,const SOrder &order)
  {
   return((order.deviation<0) ? limits.deviation : order.deviation);
  }
//+------------------------------------------------------------------+
//| Which actions are allowed, for people                            |
//+------------------------------------------------------------------+
string AllowedActions(const SLimits &limits)
  {
   if(limits.allow_open && limits.allow_close)
      return("CLOSE, OPEN");
   if(limits.allow_open)
      return(ORDER_KIND_OPEN);
   return(limits.allow_close ? ORDER_KIND_CLOSE : "none");
  }
//+------------------------------------------------------------------+
//| Which input forbids the order, with the numbers; empty: none     |
//+------------------------------------------------------------------+
string ForbiddenByLimits(const SLimits &limits,const SOrder &order)
  {
   bool opens=(order.kind==ORDER_KIND_OPEN);
   if((opens && !limits.allow_open) || (!opens && !limits.allow_close))
      return(order.kind+" is not among the allowed actions ("+AllowedActions(limits)+")");
   if(opens && StringToDouble(order.volume)>limits.max_lot+LOTS_SLACK)
      return(order.volume+" lots are more than the maximum lot "+DoubleToString(limits.max_lot,2));
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
