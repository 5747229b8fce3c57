//+------------------------------------------------------------------+
//|                                                ChangeRequest.mqh |
//| Trade request of a MODIFY or CANCEL, and every reason not to     |
//| send it. Sends nothing. A change keeps the magic of its target.  |
//+------------------------------------------------------------------+
#include "..\Symbols\Expiry.mqh"
#include "..\Symbols\Steps.mqh"
#include "..\Symbols\SymbolRules.mqh"
#include "Targets.mqh"
//+------------------------------------------------------------------+
//| Refuse a change that changes nothing.                            |
//+------------------------------------------------------------------+
bool Unchanged(SNotSent &answer)
  {
   return(NotSent(answer,"NO_CHANGE","the target already has these levels"));
  }
//+------------------------------------------------------------------+
//| Prepare new levels of the order's position. Without a quote only |
//| the broker can judge them.                                       |
//+------------------------------------------------------------------+
bool PreparePositionChange(const SOrder &order,MqlTradeRequest &request,SNotSent &answer)
  {
   SMarket market;
   ulong ticket=0;
   if(!FindPosition(order,ticket,answer))
      return(false);
   bool quoted=ReadMarket(order.symbol,market);
   double tick_size=SymbolInfoDouble(order.symbol,SYMBOL_TRADE_TICK_SIZE);
   bool is_buy=(PositionGetInteger(POSITION_TYPE)==POSITION_TYPE_BUY);
   double stop_loss=PositionGetDouble(POSITION_SL);
   double take_profit=PositionGetDouble(POSITION_TP);
   request.action=TRADE_ACTION_SLTP;
   request.magic=(ulong)PositionGetInteger(POSITION_MAGIC);
   request.symbol=order.symbol;
   request.sl=LevelOr(order.stop_loss,tick_size,stop_loss);
   request.tp=LevelOr(order.take_profit,tick_size,take_profit);
   request.position=ticket;
   bool same_stop=SamePrice(market,request.sl,stop_loss);
   bool same_target=SamePrice(market,request.tp,take_profit);
   if(same_stop && same_target)
      return(Unchanged(answer));
   return(!quoted
          || (CheckFrozenStops(market,"position "+IntegerToString(order.position),is_buy,stop_loss,take_profit,answer)
              && CheckStops(market,is_buy,same_stop ? 0.0 : request.sl,same_target ? 0.0 : request.tp,answer)));
  }
//+------------------------------------------------------------------+
//| Check that the selected live order is not about to be triggered. |
//+------------------------------------------------------------------+
bool CheckFrozenOrder(const SMarket &market,const SOrder &order,const SPrices &present,SNotSent &answer)
  {
   SReferencePrice quote;
   OpenQuote(market,present.is_buy,quote);
   return(CheckFrozen(market,"order "+IntegerToString(order.order),"price",present.price,quote,answer));
  }
//+------------------------------------------------------------------+
//| Prepare new prices or a new expiry of the pending order.         |
//+------------------------------------------------------------------+
bool PrepareOrderChange(const SCommand &command,MqlTradeRequest &request,SNotSent &answer)
  {
   SMarket market;
   SPrices present;
   SExpiry expiry;
   SOrder order=command.order;
   if(!FindOrder(order,answer))
      return(false);
   bool quoted=ReadMarket(order.symbol,market);
   double tick_size=SymbolInfoDouble(order.symbol,SYMBOL_TRADE_TICK_SIZE);
   long expires_s=OrderGetInteger(ORDER_TIME_EXPIRATION);
   ReadPrices(present);
   SPrices requested=present;
   requested.price=LevelOr(order.price,tick_size,present.price);
   requested.limit_price=LevelOr(order.limit_price,tick_size,present.limit_price);
   requested.stop_loss=LevelOr(order.stop_loss,tick_size,present.stop_loss);
   requested.take_profit=LevelOr(order.take_profit,tick_size,present.take_profit);
   expiry.type_time=(ENUM_ORDER_TYPE_TIME)OrderGetInteger(ORDER_TYPE_TIME);
   expiry.expiration_s=expires_s;
   bool same=(SamePrice(market,requested.price,present.price) && SamePrice(market,requested.limit_price,present.limit_price)
              && SamePrice(market,requested.stop_loss,present.stop_loss)
              && SamePrice(market,requested.take_profit,present.take_profit));
   request.action=TRADE_ACTION_MODIFY;
   request.magic=(ulong)OrderGetInteger(ORDER_MAGIC);
   request.order=(ulong)order.order;
   // The reference requires neither. MetaQuotes' own library and book set them.
   request.symbol=order.symbol;
   request.type_filling=(ENUM_ORDER_TYPE_FILLING)OrderGetInteger(ORDER_TYPE_FILLING);
   if(order.time_in_force!=TIME_IN_FORCE_GTC || order.expires_ms!=0)
     {
      ENUM_ORDER_TYPE_TIME before=expiry.type_time;
      if(!ChooseExpiry(order.time_in_force,order.symbol,SymbolInfoInteger(order.symbol,SYMBOL_EXPIRATION_MODE),
                       command.expires_server_ms,ServerMs(),expiry,answer))
         return(false);
      same=(same && expiry.type_time==before && expiry.expiration_s==expires_s);
     }
   if(same)
      return(Unchanged(answer));
   if(quoted && (!CheckFrozenOrder(market,order,present,answer) || !CheckPrices(market,requested,present,true,answer)))
      return(false);
   request.price=requested.price;
   request.stoplimit=requested.limit_price;
   request.sl=requested.stop_loss;
   request.tp=requested.take_profit;
   request.type_time=expiry.type_time;
   request.expiration=(datetime)expiry.expiration_s;
   return(true);
  }
//+------------------------------------------------------------------+
//| Prepare the removal of the pending order, or of the rest of a    |
//| market order.                                                    |
//+------------------------------------------------------------------+
bool PrepareCancel(const SOrder &order,MqlTradeRequest &request,SNotSent &answer)
  {
   SMarket market;
   SPrices present;
   if(!FindOrder(order,answer))
      return(false);
   ReadPrices(present);
   request.action=TRADE_ACTION_REMOVE;
   request.order=(ulong)order.order;
   // The rest of a market order has no price that could be reached.
   long type=OrderGetInteger(ORDER_TYPE);
   if(type==ORDER_TYPE_BUY || type==ORDER_TYPE_SELL)
      return(true);
   return(!ReadMarket(order.symbol,market) || CheckFrozenOrder(market,order,present,answer));
  }
//+------------------------------------------------------------------+
