//+------------------------------------------------------------------+
//|                                                       expert.mq5 |
//| Small Expert Advisor that prints its events.                     |
//+------------------------------------------------------------------+
#property version "1.00"
input group "Timer"
input int            InpTimerMs=100;           // Timer, milliseconds
input string         InpName="expert";         // A name
input group "Plan"
input string         InpPlan="";               // What OnTimer does
input int            InpInitCode=0;            // What OnInit returns
int      g_inits=0;
int      g_socket=INVALID_HANDLE;
class CGuard
  {
public:
                     CGuard(void) { Print("guard on"); }
                    ~CGuard(void) { Print("guard off"); }
  };
CGuard   g_guard;
//+------------------------------------------------------------------+
int OnInit(void)
  {
   g_inits++;
   PrintFormat("init %d %s %d",g_inits,InpName,StringLen(InpName));
   if(!EventSetMillisecondTimer(InpTimerMs))
      Print("no timer");
   return(InpInitCode);
  }
//+------------------------------------------------------------------+
void OnDeinit(const int reason)
  {
   PrintFormat("deinit %d",reason);
   EventKillTimer();
  }
//+------------------------------------------------------------------+
void OnTimer(void)
  {
   if(InpPlan=="trade")
      Trade();
   else
      if(InpPlan=="write")
         Write();
      else
         if(InpPlan=="talk")
            Talk();
         else
            if(InpPlan=="leave")
               ExpertRemove();
            else
               PrintFormat("timer %I64u",GetTickCount64());
  }
//+------------------------------------------------------------------+
void OnTradeTransaction(const MqlTradeTransaction &trans,const MqlTradeRequest &request,const MqlTradeResult &result)
  {
   PrintFormat("%s deal %I64u order %I64u %s volume %.2f retcode %u magic %I64u",EnumToString(trans.type),
               trans.deal,trans.order,trans.symbol,trans.volume,result.retcode,request.magic);
  }
//+------------------------------------------------------------------+
void OnTrade(void) { }
//+------------------------------------------------------------------+
void OnTick(void) { Print("tick"); }
//+------------------------------------------------------------------+
void OnChartEvent(const int id,const long &lparam,const double &dparam,const string &sparam)
  {
   PrintFormat("event %d %I64d %.1f %s",id,lparam,dparam,sparam);
  }
//+------------------------------------------------------------------+
//| Buy once, and print the result.                                  |
//+------------------------------------------------------------------+
void Trade(void)
  {
   if(PositionsTotal()>0)
     {
      ulong ticket=PositionGetTicket(0);
      PrintFormat("position %I64u magic %I64d %s %.2f",ticket,PositionGetInteger(POSITION_MAGIC),
                  PositionGetString(POSITION_SYMBOL),PositionGetDouble(POSITION_VOLUME));
      if(HistorySelect(0,TimeTradeServer()+60) && HistoryDealsTotal()>1)
        {
         ulong deal=HistoryDealGetTicket(1);
         PrintFormat("deal %I64u order %I64d",deal,HistoryDealGetInteger(deal,DEAL_ORDER));
        }
      return;
     }
   MqlTick tick;
   if(!SymbolInfoTick("EURUSD",tick))
      return;
   MqlTradeRequest request={};
   MqlTradeResult result={};
   MqlTradeCheckResult check={};
   request.action=TRADE_ACTION_DEAL;
   request.symbol="EURUSD";
   request.volume=0.1;
   request.type=ORDER_TYPE_BUY;
   request.type_filling=ORDER_FILLING_FOK;
   request.price=tick.ask;
   request.magic=18446744073709551615;
   request.comment="a comment of more than sixteen characters";
   if(!OrderCheck(request,check))
      PrintFormat("check %u %s",check.retcode,check.comment);
   ResetLastError();
   bool sent=OrderSend(request,result);
   PrintFormat("sent %d retcode %u deal %I64u error %d",sent,result.retcode,result.deal,GetLastError());
  }
//+------------------------------------------------------------------+
//| Write a line, flush it, and write another one.                   |
//+------------------------------------------------------------------+
void Write(void)
  {
   int file=FileOpen("notes.bin",FILE_READ|FILE_WRITE|FILE_BIN);
   if(file==INVALID_HANDLE)
     {
      PrintFormat("no file, error %d",GetLastError());
      return;
     }
   uchar bytes[];
   int size=StringToCharArray("kept",bytes,0,-1,CP_UTF8)-1;
   if(FileWriteArray(file,bytes,0,size)!=(uint)size)
      Print("short write");
   FileFlush(file);
   if(FileWriteArray(file,bytes,0,size)!=(uint)size)
      Print("short write");
   Print("written");
   FileClose(file);
  }
//+------------------------------------------------------------------+
//| Connect, then echo received bytes.                               |
//+------------------------------------------------------------------+
void Talk(void)
  {
   if(g_socket==INVALID_HANDLE)
     {
      g_socket=SocketCreate();
      if(!SocketConnect(g_socket,"127.0.0.1",5760,200))
        {
         PrintFormat("not connected, error %d",GetLastError());
         SocketClose(g_socket);
         g_socket=INVALID_HANDLE;
        }
      return;
     }
   uint waiting=SocketIsReadable(g_socket);
   if(waiting==0)
      return;
   uchar bytes[];
   int got=SocketRead(g_socket,bytes,waiting,10);
   if(got>0)
      PrintFormat("read %d, sent %d",got,SocketSend(g_socket,bytes,(uint)got));
  }
//+------------------------------------------------------------------+
