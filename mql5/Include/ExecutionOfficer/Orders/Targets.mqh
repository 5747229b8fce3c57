//+------------------------------------------------------------------+
//|                                                      Targets.mqh |
//| Target of a CLOSE, MODIFY or CANCEL: the position or pending     |
//| order at the broker.                                             |
//+------------------------------------------------------------------+
#include "..\Reports\OrderSearch.mqh"
#include "..\Symbols\Levels.mqh"
//+------------------------------------------------------------------+
//| Select the position with an identifier, which is constant;       |
//| return its present ticket, 0 where there is none.                |
//+------------------------------------------------------------------+
ulong SelectPosition(const long identifier)
  {
   for(int i=PositionsTotal()-1; i>=0 && identifier!=0; i--)
     {
      ulong ticket=PositionGetTicket(i);
      if(ticket!=0 && PositionGetInteger(POSITION_IDENTIFIER)==identifier)
         return(ticket);
     }
   return(0);
  }
//+------------------------------------------------------------------+
//| Return the symbol of an order's target as the terminal shows it: |
//| the broker may have renamed it since the command was planned.    |
//| The target is found by its number alone. Without one, return the |
//| order's own symbol.                                              |
//+------------------------------------------------------------------+
string TargetSymbol(const SOrder &order)
  {
   if(order.position!=0)
      return((SelectPosition(order.position)!=0) ? PositionGetString(POSITION_SYMBOL) : order.symbol);
   if(order.order!=0 && OrderSelect((ulong)order.order))
      return(OrderGetString(ORDER_SYMBOL));
   return(order.symbol);
  }
//+------------------------------------------------------------------+
//| Find and select the position of an order.                        |
//+------------------------------------------------------------------+
bool FindPosition(const SOrder &order,ulong &ticket,SNotSent &answer)
  {
   string name="position "+IntegerToString(order.position);
   ticket=SelectPosition(order.position);
   if(ticket==0)
      return(NotSent(answer,"NO_POSITION","there is no open "+name));
   string side=(PositionGetInteger(POSITION_TYPE)==POSITION_TYPE_BUY) ? ORDER_SIDE_BUY : ORDER_SIDE_SELL;
   if(order.kind==COMMAND_KIND_CLOSE && side==order.side)
      return(NotSent(answer,"NO_POSITION",name+" is a "+side+"; a "+order.side+" does not close it"));
   // On a netting account it may have been reversed under the same identifier.
   if(order.kind==COMMAND_KIND_MODIFY && side!=order.side)
      return(NotSent(answer,"NO_POSITION",name+" is a "+side+", not a "+order.side));
   return(true);
  }
//+------------------------------------------------------------------+
//| Keep the levels of the position that a market order adds to,     |
//| where the order names none: a netted position takes the levels   |
//| of the last order that adds to it, and none where that has none. |
//+------------------------------------------------------------------+
void KeepLevels(MqlTradeRequest &request)
  {
   if(AccountInfoInteger(ACCOUNT_MARGIN_MODE)==ACCOUNT_MARGIN_MODE_RETAIL_HEDGING)
      return;
   ENUM_POSITION_TYPE type=(request.type==ORDER_TYPE_BUY) ? POSITION_TYPE_BUY : POSITION_TYPE_SELL;
   for(int i=PositionsTotal()-1; i>=0; i--)
     {
      if(PositionGetTicket(i)==0 || PositionGetString(POSITION_SYMBOL)!=request.symbol
         || PositionGetInteger(POSITION_TYPE)!=type)
         continue;
      if(request.sl<=0.0)
         request.sl=PositionGetDouble(POSITION_SL);
      if(request.tp<=0.0)
         request.tp=PositionGetDouble(POSITION_TP);
      return;
     }
  }
//+------------------------------------------------------------------+
//| Find and select the pending order of an order; it must be one of |
//| ours.                                                            |
//+------------------------------------------------------------------+
bool FindOrder(const SOrder &order,SNotSent &answer)
  {
   string name="order "+IntegerToString(order.order);
   if(order.order==0 || !OrderSelect((ulong)order.order))
      return(NotSent(answer,"NO_ORDER","there is no pending "+name));
   if(OrderGetInteger(ORDER_MAGIC)!=order.opener)
      return(NotSent(answer,"NO_ORDER",name+" has magic "+IntegerToString(OrderGetInteger(ORDER_MAGIC))+", not the opener's client order id "
                     +IntegerToString(order.opener)));
   return(true);
  }
//+------------------------------------------------------------------+
//| Read the prices of the selected live order.                      |
//+------------------------------------------------------------------+
void ReadPrices(SPrices &prices)
  {
   long type=OrderGetInteger(ORDER_TYPE);
   prices.is_stop_limit=(type==ORDER_TYPE_BUY_STOP_LIMIT || type==ORDER_TYPE_SELL_STOP_LIMIT);
   prices.is_buy=(type==ORDER_TYPE_BUY || type==ORDER_TYPE_BUY_LIMIT || type==ORDER_TYPE_BUY_STOP
                  || type==ORDER_TYPE_BUY_STOP_LIMIT);
   prices.is_above=(type==ORDER_TYPE_BUY_STOP || type==ORDER_TYPE_BUY_STOP_LIMIT || type==ORDER_TYPE_SELL_LIMIT);
   prices.price=OrderGetDouble(ORDER_PRICE_OPEN);
   prices.limit_price=OrderGetDouble(ORDER_PRICE_STOPLIMIT);
   prices.stop_loss=OrderGetDouble(ORDER_SL);
   prices.take_profit=OrderGetDouble(ORDER_TP);
  }
//+------------------------------------------------------------------+
//| Report the target: the position, or the deals of a closed one;   |
//| the order, live or done. Replaces the selected history. Return   |
//| false while the broker is disconnected.                          |
//+------------------------------------------------------------------+
bool TargetReports(const SOrder &order,SReport &reports[])
  {
   SReport report;
   ArrayResize(reports,0);
   if(!BrokerConnected())
      return(false);
   if(order.position!=0)
     {
      if(SelectPosition(order.position)!=0)
        {
         SelectedPositionReport(report);
         AppendReport(reports,report);
        }
      else if(HistorySelectByPosition((ulong)order.position))
         for(int i=0; i<HistoryDealsTotal(); i++)
            if(DealReport(HistoryDealGetTicket(i),report))
               AppendReport(reports,report);
     }
   // Live orders first: an order that is done in between is then found in the history.
   else if(OrderSelect((ulong)order.order))
     {
      SelectedOrderReport(report);
      AppendReport(reports,report);
     }
   else if(HistoryOrderSelect((ulong)order.order) && DoneOrderReport((ulong)order.order,report))
      AppendReport(reports,report);
   return(BrokerConnected());
  }
//+------------------------------------------------------------------+
