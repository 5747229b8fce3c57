//+------------------------------------------------------------------+
//|                                                 OrderRequest.mqh |
//| From a command's order to a trade request, and every reason not  |
//| to send it. Sends nothing.                                       |
//+------------------------------------------------------------------+
#include "Limits.mqh"
#include "Standing.mqh"

#define RETCODE_NONE 0
#define GRID_SLACK 0.0001         // of one step: what a double may be off a whole number of steps
//+------------------------------------------------------------------+
//| The filling mode for a market order. An OPEN is filled whole     |
//| where the symbol has that, a CLOSE as far as it goes: a part     |
//| closed is better than nothing closed. RETURN has no flag; market |
//| execution forbids it.                                            |
//+------------------------------------------------------------------+
ENUM_ORDER_TYPE_FILLING ChooseFilling(const bool opens,const long flags,const long execution)
  {
   bool fok=((flags&SYMBOL_FILLING_FOK)!=0);
   bool ioc=((flags&SYMBOL_FILLING_IOC)!=0);
   if(fok && (opens || !ioc))
      return(ORDER_FILLING_FOK);
   if(ioc)
      return(ORDER_FILLING_IOC);
   return((execution==SYMBOL_TRADE_EXECUTION_MARKET) ? ORDER_FILLING_FOK : ORDER_FILLING_RETURN);
  }
//+------------------------------------------------------------------+
//| The double that is nearest to a whole number of steps, where the |
//| text means one. Anything else stays as it is, for OrderCheck to  |
//| refuse: nothing is rounded, so nothing can become larger.        |
//+------------------------------------------------------------------+
double OnGrid(const string text,const double step)
  {
   double value=(text=="") ? 0.0 : StringToDouble(text);
   if(step<=0.0 || value==0.0)
      return(value);
   double steps=value/step;
   double whole=MathRound(steps);
   if(MathAbs(steps-whole)>GRID_SLACK)
      return(value);
   return(NormalizeDouble(whole*step,8));
  }
//+------------------------------------------------------------------+
//| The present ticket of the position to close. Its identifier is   |
//| constant, its ticket is not.                                     |
//+------------------------------------------------------------------+
bool FindPosition(const SOrder &order,ulong &ticket,SNotSent &answer)
  {
   string number=IntegerToString(order.position);
   for(int i=PositionsTotal()-1; i>=0; i--)
     {
      ticket=PositionGetTicket(i);
      if(ticket==0 || order.position==0 || PositionGetInteger(POSITION_IDENTIFIER)!=order.position)
         continue;
      string symbol=PositionGetString(POSITION_SYMBOL);
      if(symbol!=order.symbol)
         return(NotSent(answer,"NO_POSITION","position "+number+" is in "+symbol));
      bool is_long=(PositionGetInteger(POSITION_TYPE)==POSITION_TYPE_BUY);
      if(is_long==(order.side==ORDER_SIDE_BUY))
         return(NotSent(answer,"NO_POSITION","position "+number+" is a "+(is_long ? "BUY" : "SELL")+"; a "+order.side
                        +" would add to it"));
      return(true);
     }
   ticket=0;
   return(NotSent(answer,"NO_POSITION","there is no open position "+number));
  }
//+------------------------------------------------------------------+
//| Whether there is a quote for the symbol                          |
//+------------------------------------------------------------------+
bool ReadQuote(const string symbol,MqlTick &tick)
  {
   return(SymbolInfoTick(symbol,tick) && tick.bid>0.0 && tick.ask>0.0);
  }
//+------------------------------------------------------------------+
//| Whether the account, the connection and the permissions are what |
//| they must be, at this very moment                                |
//+------------------------------------------------------------------+
bool CheckStanding(const SAccount &account,SNotSent &answer)
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
//| The request that the command asks for, once nothing speaks       |
//| against it. `link_ms` is the link clock, `account` the session's.|
//+------------------------------------------------------------------+
bool PrepareRequest(const SCommand &command,const long link_ms,const SAccount &account,const SLimits &limits,
                    MqlTradeRequest &request,SNotSent &answer)
  {
   MqlTick tick;
   bool custom=false;
   ulong ticket=0;
   string symbol=command.order.symbol;
   bool opens=(command.order.kind==ORDER_KIND_OPEN);
   if(link_ms>command.deadline_ms)
      return(NotSent(answer,"LATE","the deadline passed "+IntegerToString(link_ms-command.deadline_ms)+" ms ago"));
   if(!CheckStanding(account,answer))
      return(false);
   string forbidden=ForbiddenByLimits(limits,command.order);
   if(forbidden!="")
      return(NotSent(answer,"INPUTS",forbidden));
   if(!SymbolExist(symbol,custom))
      return(NotSent(answer,"SYMBOL","the broker has no symbol "+symbol));
   if(!ReadQuote(symbol,tick))
      return(NotSent(answer,"SYMBOL","there is no quote for "+symbol));
   double point=SymbolInfoDouble(symbol,SYMBOL_POINT);
   double market=(command.order.side==ORDER_SIDE_BUY) ? tick.ask : tick.bid;
   forbidden=ForbiddenBySpread(limits,command.order,tick.bid,tick.ask,point);
   if(forbidden!="")
      return(NotSent(answer,"INPUTS",forbidden));
   if(!opens && !FindPosition(command.order,ticket,answer))
      return(false);
   forbidden=TooFarFrom(limits,command.order,market,point,(int)SymbolInfoInteger(symbol,SYMBOL_DIGITS));
   if(forbidden!="")
      return(NotSent(answer,"CHECK",forbidden));
   FillRequest(command.order,limits,market,ticket,request);
   return(CheckRequest(request,answer));
  }
//+------------------------------------------------------------------+
//| Every field of the request                                       |
//+------------------------------------------------------------------+
void FillRequest(const SOrder &order,const SLimits &limits,const double market,const ulong position,
                 MqlTradeRequest &request)
  {
   ZeroMemory(request);
   string symbol=order.symbol;
   double tick_size=SymbolInfoDouble(symbol,SYMBOL_TRADE_TICK_SIZE);
   request.action=TRADE_ACTION_DEAL;
   request.magic=(ulong)order.token;
   request.symbol=symbol;
   request.volume=OnGrid(order.volume,SymbolInfoDouble(symbol,SYMBOL_VOLUME_STEP));
   request.price=NormalizeDouble(market,(int)SymbolInfoInteger(symbol,SYMBOL_DIGITS));
   request.sl=OnGrid(order.stop_loss,tick_size);
   request.tp=OnGrid(order.take_profit,tick_size);
   request.deviation=(ulong)DeviationOf(limits,order);
   request.type=(order.side==ORDER_SIDE_BUY) ? ORDER_TYPE_BUY : ORDER_TYPE_SELL;
   request.type_filling=ChooseFilling(order.kind==ORDER_KIND_OPEN,SymbolInfoInteger(symbol,SYMBOL_FILLING_MODE),
                                      SymbolInfoInteger(symbol,SYMBOL_TRADE_EXEMODE));
   request.type_time=ORDER_TIME_GTC;
   request.comment=order.comment;
   request.position=position;
  }
//+------------------------------------------------------------------+
//| Whether OrderCheck lets the request pass. Builds differ in       |
//| whether a request that would do gets 0 or 10009.                 |
//+------------------------------------------------------------------+
bool Passes(MqlTradeRequest &request,MqlTradeCheckResult &checked)
  {
   ZeroMemory(checked);
   ResetLastError();
   bool passed=OrderCheck(request,checked);
   return(checked.retcode==TRADE_RETCODE_DONE || (passed && checked.retcode==RETCODE_NONE));
  }
//+------------------------------------------------------------------+
//| What OrderCheck says. How long a comment may be is not documented|
//| and it is only for people: where the request passes without it,  |
//| it goes without it.                                              |
//+------------------------------------------------------------------+
bool CheckRequest(MqlTradeRequest &request,SNotSent &answer)
  {
   MqlTradeCheckResult checked;
   MqlTradeCheckResult bare;
   if(Passes(request,checked))
      return(true);
   string comment=checked.comment;
   if(checked.retcode==RETCODE_NONE)
      comment+=" (error "+IntegerToString(GetLastError())+")";
   if(request.comment!="")
     {
      request.comment="";
      if(Passes(request,bare))
         return(true);
     }
   return(NotSent(answer,"CHECK","OrderCheck refused it: "+comment,(long)checked.retcode));
  }
//+------------------------------------------------------------------+
