//+------------------------------------------------------------------+
//|                                                        Probe.mq5 |
//| Measure undocumented behaviour of a real terminal, and write it  |
//| to MQL5\Files. Attach the Probe to a chart of a DEMO account     |
//| while the sidecar runs. It takes a few minutes, since two of the |
//| reads may block, and removes itself. See mql5/README.md.         |
//+------------------------------------------------------------------+
#property copyright   "MIT License"
#property version     "1.00"
#property description "Measures sockets, timer, clock, files and, if allowed, one small trade on a demo account."
#property description "Writes ExecutionOfficer-probe.json and -probe-notes.json to MQL5\\Files."

#include "Probe\Clock.mqh"
#include "Probe\Sockets.mqh"
#include "Probe\Start.mqh"
#include "Probe\Stop.mqh"
#include "Probe\Trade.mqh"

#define PROBE_TIMER_MS 10
#define PROBE_LOGIN_CALLS 3000    // timer calls to wait for a login

enum ENUM_PROBE_STAGE
  {
   PROBE_STAGE_LOGIN,
   PROBE_STAGE_TIMER,
   PROBE_STAGE_SOCKETS,
   PROBE_STAGE_TRADE,
   PROBE_STAGE_STOP,
   PROBE_STAGE_END,
   PROBE_STAGE_START
  };

input group "Sidecar"
input string InpHost="127.0.0.1";    // Host of the sidecar
input int    InpPort=5760;           // Port of the sidecar's link
input group "Trade"
input bool   InpTrade=false;         // Open and close the smallest volume twice (demo only)
input group "Terminal"
input bool   InpRestart=false;       // Then wait for the terminal's end and measure its start

CProbeReport       ExtReport;
CProbeTimer        ExtTimer;
CProbeSockets      ExtSockets;
CProbeOrders       ExtOrders;
CProbeTransactions ExtTransactions;
CProbeTrade        ExtTrade;
CProbeStop         ExtStop;
CProbeStart        ExtStart;
bool               ExtLoaded;
int                ExtStage;
int                ExtCalls;
long               ExtStartUs;
//+------------------------------------------------------------------+
//| Start the measurements.                                          |
//+------------------------------------------------------------------+
int OnInit(void)
  {
   // A changed timeframe or input does not unload the program: that is not a start.
   bool fresh=!ExtLoaded;
   ExtLoaded=true;
   ExtCalls=0;
   ExtStartUs=(long)GetMicrosecondCount();
   ExtReport.Start();
   ExtTimer.Start();
   ExtSockets.Start(Trimmed(InpHost),InpPort);
   ExtOrders.Start(_Symbol);
   ExtTransactions.Start();
   ExtTrade.Start();
   ExtStop.Start();
   bool started=fresh ? ExtStart.Resume() : ExtStage==PROBE_STAGE_START;
   ExtStage=started ? PROBE_STAGE_START : PROBE_STAGE_LOGIN;
   if(!EventSetMillisecondTimer(PROBE_TIMER_MS))
      return(INIT_FAILED);
   return(INIT_SUCCEEDED);
  }
//+------------------------------------------------------------------+
//| Close sockets and positions.                                     |
//+------------------------------------------------------------------+
void OnDeinit(const int reason)
  {
   EventKillTimer();
   ExtSockets.Stop();
   ExtStart.Stop(reason);
   if(ExtStage==PROBE_STAGE_TRADE || ExtStage==PROBE_STAGE_STOP)
      ExtOrders.CloseAll();
  }
//+------------------------------------------------------------------+
//| Do one step of the measurements.                                 |
//+------------------------------------------------------------------+
void OnTimer(void)
  {
   ExtCalls++;
   if(ExtStage==PROBE_STAGE_LOGIN)
     {
      bool known=(AccountInfoInteger(ACCOUNT_LOGIN)!=0);
      if(!known && ExtCalls<PROBE_LOGIN_CALLS)
         return;
      Describe();
      ExtStage=PROBE_STAGE_TIMER;
     }
   else if(ExtStage==PROBE_STAGE_TIMER)
     {
      if(!ExtTimer.Call())
         return;
      ExtTimer.Report(ExtReport);
      ProbeTickCount(ExtReport);
      ProbeServerTime(ExtReport);
      ProbeTextAndFiles(ExtReport);
      ProbeFiles(ExtReport);
      ExtStage=PROBE_STAGE_SOCKETS;
     }
   else if(ExtStage==PROBE_STAGE_SOCKETS)
     {
      if(!ExtSockets.Call(ExtReport))
         return;
      ExtStage=PROBE_STAGE_END;
      if(MayTrade())
        {
         // A killed Probe may have left positions.
         ExtOrders.CloseAll();
         ExtStage=PROBE_STAGE_TRADE;
        }
     }
   else if(ExtStage==PROBE_STAGE_TRADE)
     {
      if(ExtTrade.Call(ExtOrders,ExtTransactions,ExtReport))
         ExtStage=PROBE_STAGE_STOP;
     }
   else if(ExtStage==PROBE_STAGE_STOP)
     {
      if(!ExtStop.Call(ExtOrders,ExtTransactions,ExtReport))
         return;
      ExtTransactions.Report(ExtReport);
      ExtStage=PROBE_STAGE_END;
     }
   else if(ExtStage==PROBE_STAGE_END)
     {
      Save();
      ExtStage=PROBE_STAGE_START;
      if(InpRestart)
         ExtStart.Arm();
      else
         ExpertRemove();
     }
   else if(ExtStart.Call(ExtReport))
     {
      ExtReport.Resume();
      Save();
      ExpertRemove();
     }
  }
//+------------------------------------------------------------------+
//| Write the report.                                                |
//+------------------------------------------------------------------+
void Save(void)
  {
   Print(ExtReport.Save() ? "probe: done, see MQL5\\Files" : "probe: the report could not be written");
  }
//+------------------------------------------------------------------+
//| Describe the terminal, the account and the symbol.               |
//+------------------------------------------------------------------+
void Describe(void)
  {
   long late_ms=((long)GetMicrosecondCount()-ExtStartUs)/1000;
   ExtReport.Integer("account_late",(ExtCalls>1) ? late_ms : 0);
   ExtReport.Measure("build",TerminalInfoInteger(TERMINAL_BUILD));
   ExtReport.Note("terminal",TerminalInfoString(TERMINAL_NAME));
   ExtReport.Note("company",TerminalInfoString(TERMINAL_COMPANY));
   ExtReport.Note("account",TradeModeName(AccountInfoInteger(ACCOUNT_TRADE_MODE))+" "
                  +MarginModeName(AccountInfoInteger(ACCOUNT_MARGIN_MODE)));
   ExtReport.Note("symbol",_Symbol);
   ExtReport.Measure("execution_mode",SymbolInfoInteger(_Symbol,SYMBOL_TRADE_EXEMODE));
   ExtReport.Measure("filling_flags",SymbolInfoInteger(_Symbol,SYMBOL_FILLING_MODE));
  }
//+------------------------------------------------------------------+
//| Return whether the Probe is asked to trade, and may.             |
//+------------------------------------------------------------------+
bool MayTrade(void)
  {
   if(!InpTrade)
      return(false);
   if(AccountInfoInteger(ACCOUNT_TRADE_MODE)!=ACCOUNT_TRADE_MODE_DEMO)
     {
      Print("probe: the account is not a demo account: nothing is traded");
      return(false);
     }
   string missing=MissingPermission();
   if(missing!="")
      Print("probe: ",missing);
   return(missing=="");
  }
//+------------------------------------------------------------------+
//| Record the order of trade transactions.                          |
//+------------------------------------------------------------------+
void OnTradeTransaction(const MqlTradeTransaction &transaction,const MqlTradeRequest &request,
                        const MqlTradeResult &result)
  {
   if(ExtStage==PROBE_STAGE_TRADE || ExtStage==PROBE_STAGE_STOP)
      ExtTransactions.Add(transaction,result);
  }
//+------------------------------------------------------------------+
