//+------------------------------------------------------------------+
//|                                                       Levels.mqh |
//| Prices and levels: their side of the market, and their distance  |
//| from it. Each message has the numbers. No call into the          |
//| terminal.                                                        |
//|                                                                  |
//|   long position         stop loss below the bid, take profit     |
//|                         above it                                 |
//|   short position        stop loss above the ask, take profit     |
//|                         below it                                 |
//|   BUY_LIMIT, SELL_STOP  price below the market (ask for a BUY,   |
//|                         bid for a SELL)                          |
//|   SELL_LIMIT, BUY_STOP  price above it; stop-limit orders as     |
//|                         stop orders                              |
//|   pending order         levels as a position's, on the sides of  |
//|                         its price; of a stop-limit order, of     |
//|                         its limit price                          |
//|                                                                  |
//| The distance is at least SYMBOL_TRADE_STOPS_LEVEL points. A      |
//| position or order within SYMBOL_TRADE_FREEZE_LEVEL points of a   |
//| level is not changed.                                            |
//+------------------------------------------------------------------+
#include "..\Link\Records.mqh"

#define LEVEL_TOLERANCE 0.001         // points: 20.000000000001 are 20
//+------------------------------------------------------------------+
//| A symbol's quote, and its rules for levels.                      |
//+------------------------------------------------------------------+
struct SMarket
  {
   double            bid;
   double            ask;
   double            point;
   int               digits;
   long              stops_level;  // points
   long              freeze_level; // points
  };
//+------------------------------------------------------------------+
//| Prices of a pending order, present or requested. 0: none.        |
//+------------------------------------------------------------------+
struct SPrices
  {
   bool              is_buy;
   bool              is_above; // its price is above the market
   bool              is_stop_limit;
   double            price;
   double            limit_price;
   double            stop_loss;
   double            take_profit;
  };
//+------------------------------------------------------------------+
//| Price from which a level is measured, with its name.             |
//+------------------------------------------------------------------+
struct SReferencePrice
  {
   string            name;
   double            price;
  };
//+------------------------------------------------------------------+
//| Read the quote at which an order of that side opens.             |
//+------------------------------------------------------------------+
void OpenQuote(const SMarket &market,const bool is_buy,SReferencePrice &reference)
  {
   reference.name=is_buy ? "ask" : "bid";
   reference.price=is_buy ? market.ask : market.bid;
  }
//+------------------------------------------------------------------+
//| Read the quote at which a position of that side is closed.       |
//+------------------------------------------------------------------+
void CloseQuote(const SMarket &market,const bool is_buy,SReferencePrice &reference)
  {
   OpenQuote(market,!is_buy,reference);
  }
//+------------------------------------------------------------------+
//| Read the price at which a pending order opens.                   |
//+------------------------------------------------------------------+
void EntryPrice(const SPrices &prices,SReferencePrice &reference)
  {
   reference.name=prices.is_stop_limit ? "limit price" : "price";
   reference.price=prices.is_stop_limit ? prices.limit_price : prices.price;
  }
//+------------------------------------------------------------------+
//| Return whether two prices are equal.                             |
//+------------------------------------------------------------------+
bool SamePrice(const SMarket &market,const double one,const double other)
  {
   return(MathAbs(one-other)<=LEVEL_TOLERANCE*market.point);
  }
//+------------------------------------------------------------------+
//| Return a distance in points, for messages.                       |
//+------------------------------------------------------------------+
string PointsText(const SMarket &market,const double distance)
  {
   return(DoubleToString(distance/market.point,0));
  }
//+------------------------------------------------------------------+
//| Check the side and the distance of a level.                      |
//+------------------------------------------------------------------+
bool CheckLevel(const SMarket &market,const long retcode,const string name,const double level,const SReferencePrice &reference,
                const bool above,SNotSent &answer)
  {
   double room=above ? level-reference.price : reference.price-level;
   string described=name+" "+DoubleToString(level,market.digits)+" is ";
   string measured_from="the "+reference.name+" "+DoubleToString(reference.price,market.digits);
   if(room<=LEVEL_TOLERANCE*market.point)
      return(NotSent(answer,"CHECK",described+"not "+(above ? "above " : "below ")+measured_from,retcode));
   if(room<((double)market.stops_level-LEVEL_TOLERANCE)*market.point)
      return(NotSent(answer,"CHECK",described+PointsText(market,room)+" points from "+measured_from
                     +"; the minimum for this symbol is "+IntegerToString(market.stops_level),retcode));
   return(true);
  }
//+------------------------------------------------------------------+
//| Check stop loss and take profit against a price. 0: not checked. |
//+------------------------------------------------------------------+
bool CheckStopsFrom(const SMarket &market,const SReferencePrice &reference,const bool is_buy,const double stop_loss,
                    const double take_profit,SNotSent &answer)
  {
   if(stop_loss>0.0
      && !CheckLevel(market,TRADE_RETCODE_INVALID_STOPS,"stop loss",stop_loss,reference,!is_buy,answer))
      return(false);
   return(take_profit<=0.0
          || CheckLevel(market,TRADE_RETCODE_INVALID_STOPS,"take profit",take_profit,reference,is_buy,answer));
  }
//+------------------------------------------------------------------+
//| Check the levels of a position, or of a market order.            |
//+------------------------------------------------------------------+
bool CheckStops(const SMarket &market,const bool is_buy,const double stop_loss,const double take_profit,
                SNotSent &answer)
  {
   SReferencePrice reference;
   CloseQuote(market,is_buy,reference);
   return(CheckStopsFrom(market,reference,is_buy,stop_loss,take_profit,answer));
  }
//+------------------------------------------------------------------+
//| Check the limit price of a stop-limit order. It may equal the    |
//| price where the symbol has no stops level.                       |
//+------------------------------------------------------------------+
bool CheckLimitPrice(const SMarket &market,const SPrices &requested,SNotSent &answer)
  {
   SReferencePrice reference;
   if(SamePrice(market,requested.limit_price,requested.price) && market.stops_level==0)
      return(true);
   reference.name="price";
   reference.price=requested.price;
   return(CheckLevel(market,TRADE_RETCODE_INVALID_PRICE,"limit price",requested.limit_price,reference,!requested.is_buy,answer));
  }
//+------------------------------------------------------------------+
//| Check the prices of a pending order; of a change, only those     |
//| that it moves, since the broker accepted the others. Levels are  |
//| checked again where their price moves.                           |
//+------------------------------------------------------------------+
bool CheckPrices(const SMarket &market,const SPrices &requested,const SPrices &present,const bool is_change,
                 SNotSent &answer)
  {
   SReferencePrice quote;
   SReferencePrice entry;
   SReferencePrice before;
   OpenQuote(market,requested.is_buy,quote);
   EntryPrice(requested,entry);
   EntryPrice(present,before);
   bool moves=(!is_change || !SamePrice(market,present.price,requested.price));
   bool shifts=(!is_change || !SamePrice(market,before.price,entry.price));
   if(moves
      && !CheckLevel(market,TRADE_RETCODE_INVALID_PRICE,"price",requested.price,quote,requested.is_above,answer))
      return(false);
   if(requested.is_stop_limit && (moves || !SamePrice(market,present.limit_price,requested.limit_price))
      && !CheckLimitPrice(market,requested,answer))
      return(false);
   bool new_stop=(shifts || !SamePrice(market,present.stop_loss,requested.stop_loss));
   bool new_target=(shifts || !SamePrice(market,present.take_profit,requested.take_profit));
   return(CheckStopsFrom(market,entry,requested.is_buy,new_stop ? requested.stop_loss : 0.0,
                         new_target ? requested.take_profit : 0.0,answer));
  }
//+------------------------------------------------------------------+
//| Check that a level is outside the freeze distance. `what` is for |
//| messages.                                                        |
//+------------------------------------------------------------------+
bool CheckFrozen(const SMarket &market,const string what,const string name,const double level,const SReferencePrice &quote,
                 SNotSent &answer)
  {
   double distance=MathAbs(level-quote.price);
   if(market.freeze_level<=0 || distance>((double)market.freeze_level+LEVEL_TOLERANCE)*market.point)
      return(true);
   return(NotSent(answer,"CHECK",what+" is frozen: its "+name+" "+DoubleToString(level,market.digits)+" is "
                  +PointsText(market,distance)+" points from the "+quote.name+" "
                  +DoubleToString(quote.price,market.digits)+"; the freeze distance of this symbol is "
                  +IntegerToString(market.freeze_level),TRADE_RETCODE_FROZEN));
  }
//+------------------------------------------------------------------+
//| Check that no level of a position is about to be reached.        |
//+------------------------------------------------------------------+
bool CheckFrozenStops(const SMarket &market,const string what,const bool is_buy,const double stop_loss,
                      const double take_profit,SNotSent &answer)
  {
   SReferencePrice quote;
   CloseQuote(market,is_buy,quote);
   if(stop_loss>0.0 && !CheckFrozen(market,what,"stop loss",stop_loss,quote,answer))
      return(false);
   return(take_profit<=0.0 || CheckFrozen(market,what,"take profit",take_profit,quote,answer));
  }
//+------------------------------------------------------------------+
