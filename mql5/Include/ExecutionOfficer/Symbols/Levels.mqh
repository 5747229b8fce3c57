//+------------------------------------------------------------------+
//|                                                       Levels.mqh |
//| Prices and stops: on their side of the market, and far enough    |
//| from it. Each message has the numbers. No call into the terminal.|
//|                                                                  |
//|   a long position       stop loss below the bid, take profit     |
//|                         above it                                 |
//|   a short position      stop loss above the ask, take profit     |
//|                         below it                                 |
//|   BUY_LIMIT, SELL_STOP  price below the market (ask for a BUY,   |
//|                         bid for a SELL)                          |
//|   SELL_LIMIT, BUY_STOP  price above it; stop-limit orders as     |
//|                         stop orders                              |
//|   a pending order       stops as a position's, on the sides of   |
//|                         its price; of a stop-limit order, of its |
//|                         limit price                              |
//|                                                                  |
//| All of them at least SYMBOL_TRADE_STOPS_LEVEL points away; what  |
//| stands within SYMBOL_TRADE_FREEZE_LEVEL points of being reached  |
//| is not changed.                                                  |
//+------------------------------------------------------------------+
#include "..\Link\Records.mqh"

#define LEVEL_TOLERANCE 0.001         // points: 20.000000000001 are 20
//+------------------------------------------------------------------+
//| A symbol's quote, and what it asks of levels                     |
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
//| A pending order's prices, as they are or shall be. 0: none.      |
//+------------------------------------------------------------------+
struct SPrices
  {
   bool              is_buy;
   bool              is_above;     // its price is above the market
   bool              is_stop_limit;
   double            price;
   double            limit_price;
   double            stop_loss;
   double            take_profit;
  };
//+------------------------------------------------------------------+
//| What a level is measured from, by name                           |
//+------------------------------------------------------------------+
struct SReferencePrice
  {
   string            name;
   double            price;
  };
//+------------------------------------------------------------------+
//| The quote at which an order of that side opens                   |
//+------------------------------------------------------------------+
void OpenQuote(const SMarket &market,const bool is_buy,SReferencePrice &start)
  {
   start.name=is_buy ? "ask" : "bid";
   start.price=is_buy ? market.ask : market.bid;
  }
//+------------------------------------------------------------------+
//| The quote at which a position of that side is closed             |
//+------------------------------------------------------------------+
void CloseQuote(const SMarket &market,const bool is_buy,SReferencePrice &start)
  {
   OpenQuote(market,!is_buy,start);
  }
//+------------------------------------------------------------------+
//| The price at which a pending order opens                         |
//+------------------------------------------------------------------+
void EntryPrice(const SPrices &prices,SReferencePrice &start)
  {
   start.name=prices.is_stop_limit ? "limit price" : "price";
   start.price=prices.is_stop_limit ? prices.limit_price : prices.price;
  }
//+------------------------------------------------------------------+
//| Whether two prices are the same one                              |
//+------------------------------------------------------------------+
bool SamePrice(const SMarket &market,const double one,const double other)
  {
   return(MathAbs(one-other)<=LEVEL_TOLERANCE*market.point);
  }
//+------------------------------------------------------------------+
//| A distance in points, for people                                 |
//+------------------------------------------------------------------+
string PointsText(const SMarket &market,const double distance)
  {
   return(DoubleToString(distance/market.point,0));
  }
//+------------------------------------------------------------------+
//| Whether a level is on its side of the start, and far enough      |
//+------------------------------------------------------------------+
bool CheckLevel(const SMarket &market,const long retcode,const string name,const double level,const SReferencePrice &start,
                const bool above,SNotSent &answer)
  {
   double room=above ? level-start.price : start.price-level;
   string spelled=name+" "+DoubleToString(level,market.digits)+" is ";
   string reference="the "+start.name+" "+DoubleToString(start.price,market.digits);
   if(room<=LEVEL_TOLERANCE*market.point)
      return(NotSent(answer,"CHECK",spelled+"not "+(above ? "above " : "below ")+reference,retcode));
   if(room<((double)market.stops_level-LEVEL_TOLERANCE)*market.point)
      return(NotSent(answer,"CHECK",spelled+PointsText(market,room)+" points from "+reference
                     +"; this symbol wants at least "+IntegerToString(market.stops_level),retcode));
   return(true);
  }
//+------------------------------------------------------------------+
//| Stop loss and take profit of what opens or closes at the start.  |
//| 0: not looked at.                                                |
//+------------------------------------------------------------------+
bool CheckStopsFrom(const SMarket &market,const SReferencePrice &start,const bool is_buy,const double stop_loss,
                    const double take_profit,SNotSent &answer)
  {
   if(stop_loss>0.0
      && !CheckLevel(market,TRADE_RETCODE_INVALID_STOPS,"stop loss",stop_loss,start,!is_buy,answer))
      return(false);
   return(take_profit<=0.0
          || CheckLevel(market,TRADE_RETCODE_INVALID_STOPS,"take profit",take_profit,start,is_buy,answer));
  }
//+------------------------------------------------------------------+
//| Stops of a position that is there, or that a market order opens  |
//+------------------------------------------------------------------+
bool CheckStops(const SMarket &market,const bool is_buy,const double stop_loss,const double take_profit,
                SNotSent &answer)
  {
   SReferencePrice start;
   CloseQuote(market,is_buy,start);
   return(CheckStopsFrom(market,start,is_buy,stop_loss,take_profit,answer));
  }
//+------------------------------------------------------------------+
//| The limit price of a stop-limit order. Both prices may be the    |
//| same, where the symbol wants no distance.                        |
//+------------------------------------------------------------------+
bool CheckLimitPrice(const SMarket &market,const SPrices &requested,SNotSent &answer)
  {
   SReferencePrice start;
   if(SamePrice(market,requested.limit_price,requested.price) && market.stops_level==0)
      return(true);
   start.name="price";
   start.price=requested.price;
   return(CheckLevel(market,TRADE_RETCODE_INVALID_PRICE,"limit price",requested.limit_price,start,!requested.is_buy,answer));
  }
//+------------------------------------------------------------------+
//| The prices of a pending order; where it is a change, those that  |
//| the change moves. What stays as it is was the broker's to accept.|
//| Stops are looked at again where their price moves.               |
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
//| Whether a level is far enough from being reached for a change.   |
//| `what` it belongs to is for people.                              |
//+------------------------------------------------------------------+
bool CheckFrozen(const SMarket &market,const string what,const string name,const double level,const SReferencePrice &quote,
                 SNotSent &answer)
  {
   double distance=MathAbs(level-quote.price);
   if(market.freeze_level<=0 || distance>((double)market.freeze_level+LEVEL_TOLERANCE)*market.point)
      return(true);
   return(NotSent(answer,"CHECK",what+" is frozen: its "+name+" "+DoubleToString(level,market.digits)+" is "
                  +PointsText(market,distance)+" points from the "+quote.name+" "
                  +DoubleToString(quote.price,market.digits)+"; this symbol freezes it within "
                  +IntegerToString(market.freeze_level),TRADE_RETCODE_FROZEN));
  }
//+------------------------------------------------------------------+
//| A position whose stop is about to be hit is left alone           |
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
