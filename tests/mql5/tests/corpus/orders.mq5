//+------------------------------------------------------------------+
//|                                                       orders.mq5 |
//| Waiting by the clock, margin, orders, and a button on a chart.   |
//+------------------------------------------------------------------+
#property version "1.00"
input string InpPlan="";                       // What OnInit does
//+------------------------------------------------------------------+
int OnInit(void)
  {
   if(InpPlan=="wait")
      Wait();
   if(InpPlan=="reckon")
      Reckon();
   if(InpPlan=="async")
      Async();
   if(InpPlan=="actions")
      Actions();
   if(InpPlan=="button")
      Button();
   if(InpPlan=="market")
      Market();
   return(INIT_SUCCEEDED);
  }
//+------------------------------------------------------------------+
void OnTradeTransaction(const MqlTradeTransaction &trans,const MqlTradeRequest &request,const MqlTradeResult &result)
  {
   if(trans.type==TRADE_TRANSACTION_REQUEST)
      PrintFormat("request %u: %u deal %I64u",result.request_id,result.retcode,result.deal);
  }
//+------------------------------------------------------------------+
void OnChartEvent(const int id,const long &lparam,const double &dparam,const string &sparam)
  {
   if(id!=CHARTEVENT_OBJECT_CLICK)
     {
      PrintFormat("event %d %I64d %.1f %s",id,lparam,dparam,sparam);
      return;
     }
   PrintFormat("%s at %I64d,%.0f pressed %I64d",sparam,lparam,dparam,ObjectGetInteger(0,sparam,OBJPROP_STATE));
   ObjectSetInteger(0,sparam,OBJPROP_STATE,false);
   if(!EventChartCustom(ChartID(),7,1,2.5,"own"))
      Print("no event");
  }
//+------------------------------------------------------------------+
//| Wait by each clock in a loop, with a time-out.                   |
//+------------------------------------------------------------------+
void Wait(void)
  {
   ulong micros=GetMicrosecondCount();
   while(GetMicrosecondCount()-micros<500)
      continue;
   ulong ticks=GetTickCount64();
   while(GetTickCount64()-ticks<3000)
      continue;
   datetime local=TimeLocal();
   while(TimeLocal()-local<2)
      continue;
   datetime server=TimeTradeServer();
   while(TimeTradeServer()-server<2)
      continue;
   datetime quoted=TimeCurrent();
   while(TimeCurrent()-quoted<2)
      continue;
   datetime before=TimeTradeServer();
   Sleep(5000);
   PrintFormat("waited, slept %I64d s",(long)(TimeTradeServer()-before));
  }
//+------------------------------------------------------------------+
void Reckon(void)
  {
   double value=-1.0;
   if(OrderCalcMargin(ORDER_TYPE_BUY,"USDJPY",0.5,150.0,value))
      PrintFormat("margin %.2f",value);
   if(OrderCalcProfit(ORDER_TYPE_SELL,"EURUSD",0.1,1.1,1.095,value))
      PrintFormat("profit %.2f",value);
   ResetLastError();
   if(!OrderCalcMargin(ORDER_TYPE_BUY,"NONE",0.5,150.0,value))
      PrintFormat("no margin, error %d, still %.2f",GetLastError(),value);
   if(!OrderCalcProfit(ORDER_TYPE_BUY_LIMIT,"EURUSD",0.1,1.1,1.095,value))
      PrintFormat("no profit, error %d, still %.2f",GetLastError(),value);
  }
//+------------------------------------------------------------------+
void Async(void)
  {
   MqlTradeRequest request={};
   MqlTradeResult result={};
   request.action=TRADE_ACTION_DEAL;
   request.symbol="EURUSD";
   request.volume=0.1;
   request.type=ORDER_TYPE_BUY;
   request.type_filling=ORDER_FILLING_FOK;
   bool sent=OrderSendAsync(request,result);
   PrintFormat("sent %d: %u request %u deal %I64u",sent,result.retcode,result.request_id,result.deal);
   request.volume=0.001;
   sent=OrderSendAsync(request,result);
   PrintFormat("sent %d: %u request %u deal %I64u",sent,result.retcode,result.request_id,result.deal);
  }
//+------------------------------------------------------------------+
//| Send every action with every field.                              |
//+------------------------------------------------------------------+
void Actions(void)
  {
   ENUM_TRADE_REQUEST_ACTIONS actions[]= {TRADE_ACTION_DEAL,TRADE_ACTION_PENDING,TRADE_ACTION_SLTP,
                                          TRADE_ACTION_MODIFY,TRADE_ACTION_REMOVE,TRADE_ACTION_CLOSE_BY
                                         };
   for(int i=0; i<ArraySize(actions); i++)
     {
      MqlTradeRequest request={};
      MqlTradeResult result={};
      request.action=actions[i];
      request.magic=1;
      request.order=2;
      request.symbol="GBPUSD";
      request.volume=0.3;
      request.price=1.2701;
      request.stoplimit=1.2702;
      request.sl=1.2601;
      request.tp=1.2801;
      request.deviation=4;
      request.type=ORDER_TYPE_SELL_STOP_LIMIT;
      request.type_filling=ORDER_FILLING_RETURN;
      request.type_time=ORDER_TIME_SPECIFIED;
      request.expiration=D'2026.01.02 03:04:05';
      request.comment="every field";
      request.position=5;
      request.position_by=6;
      bool sent=OrderSend(request,result);
      PrintFormat("%s sent %d",EnumToString(actions[i]),sent);
     }
  }
//+------------------------------------------------------------------+
void Button(void)
  {
   if(!ObjectCreate(0,"flatten",OBJ_BUTTON,0,0,0) || !ObjectCreate(0,"label",OBJ_LABEL,0,0,0,0,0.0))
      Print("no objects");
   ObjectSetInteger(0,"flatten",OBJPROP_XDISTANCE,20);
   ObjectSetInteger(0,"flatten",OBJPROP_YDISTANCE,0,40);
   ObjectSetInteger(0,"flatten",OBJPROP_CORNER,CORNER_RIGHT_UPPER);
   ObjectSetString(0,"flatten",OBJPROP_TEXT,"Flatten");
   string text;
   long state=-1;
   double angle=-1.0;
   if(ObjectGetString(0,"flatten",OBJPROP_TEXT,0,text) && ObjectGetInteger(0,"flatten",OBJPROP_STATE,0,state))
      PrintFormat("%s %I64d of %d, %d buttons",text,state,ObjectsTotal(0),ObjectsTotal(0,-1,OBJ_BUTTON));
   ResetLastError();
   if(!ObjectGetDouble(0,"none",OBJPROP_ANGLE,0,angle))
      PrintFormat("none: error %d, still %.1f, found %d",GetLastError(),angle,ObjectFind(0,"none"));
   if(!ObjectMove(0,"label",0,TimeCurrent(),1.1))
      Print("not moved");
   PrintFormat("%s %.1f",ObjectName(0,1),ObjectGetDouble(0,"label",OBJPROP_PRICE));
   if(ChartSetString(0,CHART_COMMENT,"a word") && ChartFirst()==ChartID() && ChartNext(ChartID())<0)
      PrintFormat("%s %I64d %.1f",ChartGetString(0,CHART_COMMENT),ChartGetInteger(0,CHART_WIDTH_IN_PIXELS),
                  ChartGetDouble(0,CHART_PRICE_MAX));
   PrintFormat("%d deleted",ObjectsDeleteAll(0,-1,OBJ_LABEL));
  }
//+------------------------------------------------------------------+
void Market(void)
  {
   datetime from=0;
   datetime to=0;
   double initial=0.0;
   double maintenance=0.0;
   if(SymbolInfoSessionTrade(_Symbol,MONDAY,0,from,to) && SymbolInfoSessionQuote(_Symbol,SUNDAY,0,from,to))
      PrintFormat("sessions of %I64d h",(long)(to-from)/3600);
   if(!SymbolInfoSessionTrade(_Symbol,MONDAY,1,from,to) && SymbolInfoMarginRate(_Symbol,ORDER_TYPE_BUY,initial,maintenance))
      PrintFormat("rates %.1f %.1f",initial,maintenance);
   PrintFormat("%d digits, point %.5f",Digits(),Point());
   int all=SymbolsTotal(false);
   bool hidden=SymbolSelect("XAUUSD",false);
   MqlTick tick;
   ResetLastError();
   bool quoted=SymbolInfoTick("XAUUSD",tick);
   PrintFormat("hidden %d: %d of %d, tick %d error %d",hidden,SymbolsTotal(true),all,quoted,GetLastError());
  }
//+------------------------------------------------------------------+
