//+------------------------------------------------------------------+
//| The checks behind the JSON reader, given an order with one field |
//| set by FIELD=VALUE: 1 all values, 2 the kind of the command, 3   |
//| the type of a pending order, 4 the expiry, 5 the allowed action, |
//| 6 the order type that a symbol must allow                        |
//+------------------------------------------------------------------+
#include <ExecutionOfficer\Orders\OrderRequest.mqh>

void OnChartEvent(const int id,const long &number,const double &real,const string &text)
  {
   SCommand command;
   SNotSent answer;
   SExpiry expiry;
   SRiskLimits risk_limits;
   CAccountLimits account_limits;
   MqlTradeRequest request;
   ENUM_ORDER_TYPE type=ORDER_TYPE_BUY;
   bool passed=false;
   int mark=StringFind(text,"=");
   string field=StringSubstr(text,0,mark);
   string value=StringSubstr(text,mark+1);
   ZeroMemory(request);
   ClearOrder(command.order);
   command.expires_server_ms=0;
   command.order.kind=(field=="kind") ? value : COMMAND_KIND_OPEN;
   command.order.side=(field=="side") ? value : ORDER_SIDE_BUY;
   command.order.order_type=(field=="order_type") ? value : LINK_ORDER_LIMIT;
   command.order.time_in_force=(field=="time_in_force") ? value : TIME_IN_FORCE_GTC;
   risk_limits.allow_long=true;
   risk_limits.allow_short=true;
   risk_limits.allow_close=true;
   risk_limits.allow_modify=true;
   risk_limits.allow_cancel=true;
   answer.message="";
   answer.reason="";
   answer.retcode=0;
   if(id==1)
      passed=CheckValues(command.order,answer);
   if(id==2)
      passed=PrepareByKind(command,account_limits,risk_limits,request,answer);
   if(id==3)
      passed=ChoosePendingType(command.order,type,answer);
   if(id==4)
      passed=ChooseExpiry(command.order.time_in_force,"EURUSD",15,0,0,expiry,answer);
   if(id==5)
      passed=AllowsAction(risk_limits,command.order);
   if(id==6)
      passed=(OrderTypeFlag(command.order.order_type)!=0);
   Print(passed ? "passed" : "refused "+answer.reason+" "+IntegerToString(answer.retcode)+" "+answer.message);
  }
//+------------------------------------------------------------------+
