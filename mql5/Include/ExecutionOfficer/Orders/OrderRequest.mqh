//+------------------------------------------------------------------+
//|                                                 OrderRequest.mqh |
//| Trade request of a command's order, and every reason not to send |
//| it. Sends nothing. The checks run in this order, and the first   |
//| that fails is the answer:                                        |
//|                                                                  |
//|   all       deadline, connection, account, permissions           |
//|   OPEN,     the search for its id at the broker (by the caller)  |
//|   CLOSE                                                          |
//|   all       known values, the risk limits of an order, symbol    |
//|   OPEN,     a quote                                              |
//|   CLOSE                                                          |
//|   OPEN      the risk limits of spread and account; the           |
//|             symbol's rules; the order's own spread; the distance |
//|             from its price, or a pending order's type and        |
//|             expiry; levels                                       |
//|   CLOSE     the position; the distance from the order's price.   |
//|             Never levels, nor trading hours                      |
//|   MODIFY,   the target; that something changes (MODIFY); the     |
//|   CANCEL    freeze level; levels that move                       |
//|   all       OrderCheck                                           |
//+------------------------------------------------------------------+
#include "..\Risk\AccountLimits.mqh"
#include "..\Symbols\Filling.mqh"
#include "..\Terminal\TerminalState.mqh"
#include "ChangeRequest.mqh"
#include "OrderCheck.mqh"
//+------------------------------------------------------------------+
//| Check the deadline of a command by the link clock.               |
//+------------------------------------------------------------------+
bool CheckDeadline(const SCommand &command,const long link_ms,SNotSent &answer)
  {
   if(link_ms<=command.deadline_ms)
      return(true);
   return(NotSent(answer,"LATE","the deadline passed "+IntegerToString(link_ms-command.deadline_ms)+" ms ago"));
  }
//+------------------------------------------------------------------+
//| Check connection, account and permissions at this moment.        |
//+------------------------------------------------------------------+
bool CheckTerminal(const SAccount &account,SNotSent &answer)
  {
   SAccount present;
   if(!BrokerConnected())
      return(NotSent(answer,"OFFLINE","the terminal has no connection to the broker"));
   ReadAccount(present);
   if(!SameAccount(present,account))
      return(NotSent(answer,"ACCOUNT","the terminal is logged in to "+IntegerToString(present.login)+" at "+present.server
                     +", the session is for "+IntegerToString(account.login)+" at "+account.server));
   string missing=MissingPermission();
   if(missing!="")
      return(NotSent(answer,"TRADING_OFF",missing));
   return(true);
  }
//+------------------------------------------------------------------+
//| Refuse a value that this program does not know. The JSON reader  |
//| refuses it first; this holds whatever the reader lets pass.      |
//+------------------------------------------------------------------+
bool CheckValues(const SOrder &order,SNotSent &answer)
  {
   if(!IsOneOf(order.kind,COMMAND_KINDS))
      return(RefuseValue(answer,"kind",order.kind,COMMAND_KINDS,TRADE_RETCODE_INVALID));
   if(!IsOneOf(order.side,ORDER_SIDES))
      return(RefuseValue(answer,"side",order.side,ORDER_SIDES,TRADE_RETCODE_INVALID));
   if(!IsOneOf(order.order_type,LINK_ORDER_TYPES))
      return(RefuseValue(answer,"order_type",order.order_type,LINK_ORDER_TYPES,TRADE_RETCODE_INVALID_ORDER));
   if(!IsOneOf(order.time_in_force,TIMES_IN_FORCE))
      return(RefuseValue(answer,"time_in_force",order.time_in_force,TIMES_IN_FORCE,TRADE_RETCODE_INVALID_EXPIRATION));
   return(true);
  }
//+------------------------------------------------------------------+
//| Prepare the request of a command, unless a check fails. Deadline |
//| and terminal were checked before.                                |
//+------------------------------------------------------------------+
bool PrepareRequest(const SCommand &command,CAccountLimits &account_limits,MqlTradeRequest &request,SNotSent &answer)
  {
   SRiskLimits risk_limits;
   SCommand named=command;
   bool custom=false;
   account_limits.RiskLimits(risk_limits);
   ZeroMemory(request);
   if(!CheckValues(command.order,answer))
      return(false);
   string violation=RiskLimitViolation(risk_limits,command.order);
   if(violation!="")
      return(NotSent(answer,"INPUTS",violation));
   named.order.symbol=TargetSymbol(command.order);
   if(!SymbolExist(named.order.symbol,custom))
      return(NotSent(answer,"SYMBOL","the broker has no symbol "+named.order.symbol));
   if(!PrepareByKind(named,account_limits,risk_limits,request,answer))
      return(false);
   return(CheckRequest(request,answer));
  }
//+------------------------------------------------------------------+
//| Prepare the request by the kind of the command.                  |
//+------------------------------------------------------------------+
bool PrepareByKind(const SCommand &command,CAccountLimits &account_limits,const SRiskLimits &risk_limits,
                   MqlTradeRequest &request,SNotSent &answer)
  {
   SMarket market;
   SOrder order=command.order;
   if(order.kind==COMMAND_KIND_CANCEL)
      return(PrepareCancel(order,request,answer));
   if(order.kind==COMMAND_KIND_MODIFY && order.position!=0)
      return(PreparePositionChange(order,request,answer));
   if(order.kind==COMMAND_KIND_MODIFY)
      return(PrepareOrderChange(command,request,answer));
   if(order.kind!=COMMAND_KIND_OPEN && order.kind!=COMMAND_KIND_CLOSE)
      return(RefuseValue(answer,"kind",order.kind,COMMAND_KINDS,TRADE_RETCODE_INVALID));
   if(!ReadMarket(order.symbol,market))
      return(NotSent(answer,"SYMBOL","there is no quote for "+order.symbol));
   if(order.kind==COMMAND_KIND_CLOSE)
      return(PrepareClose(order,risk_limits,market,request,answer));
   return(PrepareOpen(command,account_limits,risk_limits,market,request,answer));
  }
//+------------------------------------------------------------------+
//| Prepare the request of an OPEN, at the market or pending.        |
//+------------------------------------------------------------------+
bool PrepareOpen(const SCommand &command,CAccountLimits &account_limits,const SRiskLimits &risk_limits,
                 const SMarket &market,MqlTradeRequest &request,SNotSent &answer)
  {
   SOrder order=command.order;
   string violation=SpreadLimitViolation(risk_limits,order,market.bid,market.ask,market.point);
   if(violation=="")
      violation=account_limits.OpenViolation(order);
   if(violation!="")
      return(NotSent(answer,"INPUTS",violation));
   if(!CheckSymbolRules(order,ServerMs(),answer))
      return(false);
   violation=OrderSpreadViolation(order,market.bid,market.ask,market.point);
   if(violation!="")
      return(NotSent(answer,"CHECK",violation));
   if(IsPending(order))
      return(PreparePending(command,market,request,answer));
   if(!PrepareMarket(order,risk_limits,market,request,answer))
      return(false);
   KeepLevels(request);
   return(CheckStops(market,order.side==ORDER_SIDE_BUY,request.sl,request.tp,answer));
  }
//+------------------------------------------------------------------+
//| Prepare the close of a position or of a part of it. Never more   |
//| than is open: on a netting account the rest would open the       |
//| opposite side.                                                   |
//+------------------------------------------------------------------+
bool PrepareClose(const SOrder &order,const SRiskLimits &risk_limits,const SMarket &market,MqlTradeRequest &request,
                  SNotSent &answer)
  {
   ulong ticket=0;
   if(!FindPosition(order,ticket,answer))
      return(false);
   double open=PositionGetDouble(POSITION_VOLUME);
   if(!PrepareMarket(order,risk_limits,market,request,answer))
      return(false);
   if(request.volume>open)
      request.volume=open;
   request.position=ticket;
   return(true);
  }
//+------------------------------------------------------------------+
//| Prepare a market order.                                          |
//+------------------------------------------------------------------+
bool PrepareMarket(const SOrder &order,const SRiskLimits &risk_limits,const SMarket &market,MqlTradeRequest &request,
                   SNotSent &answer)
  {
   string symbol=order.symbol;
   bool buys=(order.side==ORDER_SIDE_BUY);
   double price=buys ? market.ask : market.bid;
   double tick_size=SymbolInfoDouble(symbol,SYMBOL_TRADE_TICK_SIZE);
   string violation=PriceDistanceViolation(risk_limits,order,price,market.point,market.digits);
   if(violation!="")
      return(NotSent(answer,"CHECK",violation));
   request.action=TRADE_ACTION_DEAL;
   request.magic=(ulong)order.client_order_id;
   request.symbol=symbol;
   request.volume=ToStep(order.volume,SymbolInfoDouble(symbol,SYMBOL_VOLUME_STEP));
   request.price=ToDigits(price,market.digits);
   request.sl=ToStep(order.stop_loss,tick_size);
   request.tp=ToStep(order.take_profit,tick_size);
   request.deviation=(ulong)SentDeviation(risk_limits,order);
   request.type=buys ? ORDER_TYPE_BUY : ORDER_TYPE_SELL;
   request.type_filling=ChooseFilling(order.kind==COMMAND_KIND_OPEN,SymbolInfoInteger(symbol,SYMBOL_FILLING_MODE),
                                      SymbolInfoInteger(symbol,SYMBOL_TRADE_EXEMODE));
   request.type_time=ORDER_TIME_GTC;
   request.comment=order.comment;
   return(true);
  }
//+------------------------------------------------------------------+
//| Choose MetaTrader's type of a pending order.                     |
//+------------------------------------------------------------------+
bool ChoosePendingType(const SOrder &order,ENUM_ORDER_TYPE &type,SNotSent &answer)
  {
   bool buys=(order.side==ORDER_SIDE_BUY);
   if(order.order_type==LINK_ORDER_LIMIT)
      type=buys ? ORDER_TYPE_BUY_LIMIT : ORDER_TYPE_SELL_LIMIT;
   else if(order.order_type==LINK_ORDER_STOP)
      type=buys ? ORDER_TYPE_BUY_STOP : ORDER_TYPE_SELL_STOP;
   else if(order.order_type==LINK_ORDER_STOP_LIMIT)
      type=buys ? ORDER_TYPE_BUY_STOP_LIMIT : ORDER_TYPE_SELL_STOP_LIMIT;
   else
      return(RefuseValue(answer,"order_type",order.order_type,PENDING_ORDER_TYPES,TRADE_RETCODE_INVALID_ORDER));
   return(true);
  }
//+------------------------------------------------------------------+
//| Prepare a pending order.                                         |
//+------------------------------------------------------------------+
bool PreparePending(const SCommand &command,const SMarket &market,MqlTradeRequest &request,SNotSent &answer)
  {
   SExpiry expiry;
   SPrices requested;
   SOrder order=command.order;
   string symbol=order.symbol;
   double tick_size=SymbolInfoDouble(symbol,SYMBOL_TRADE_TICK_SIZE);
   ENUM_ORDER_TYPE type=ORDER_TYPE_BUY_LIMIT;
   if(!ChoosePendingType(order,type,answer))
      return(false);
   if(!ChooseExpiry(order.time_in_force,symbol,SymbolInfoInteger(symbol,SYMBOL_EXPIRATION_MODE),command.expires_server_ms,
                    ServerMs(),expiry,answer))
      return(false);
   requested.is_buy=(order.side==ORDER_SIDE_BUY);
   requested.is_stop_limit=(order.order_type==LINK_ORDER_STOP_LIMIT);
   requested.is_above=(requested.is_buy==(order.order_type!=LINK_ORDER_LIMIT));
   requested.price=ToStep(order.price,tick_size);
   requested.limit_price=ToStep(order.limit_price,tick_size);
   requested.stop_loss=ToStep(order.stop_loss,tick_size);
   requested.take_profit=ToStep(order.take_profit,tick_size);
   if(!CheckPrices(market,requested,requested,false,answer))
      return(false);
   request.action=TRADE_ACTION_PENDING;
   request.magic=(ulong)order.client_order_id;
   request.symbol=symbol;
   request.volume=ToStep(order.volume,SymbolInfoDouble(symbol,SYMBOL_VOLUME_STEP));
   request.price=requested.price;
   request.stoplimit=requested.limit_price;
   request.sl=requested.stop_loss;
   request.tp=requested.take_profit;
   request.type=type;
   request.type_filling=ChoosePendingFilling(SymbolInfoInteger(symbol,SYMBOL_FILLING_MODE),
                                             SymbolInfoInteger(symbol,SYMBOL_TRADE_EXEMODE));
   request.type_time=expiry.type_time;
   request.expiration=(datetime)expiry.expiration_s;
   request.comment=order.comment;
   return(true);
  }
//+------------------------------------------------------------------+
