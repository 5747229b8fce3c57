//+------------------------------------------------------------------+
//| Small modules: 1 HMAC of KEY|DATA in hex, 2 starts the link      |
//| clock, 3 a heartbeat (text: clock_ms, number: mono_ms), 4 reads  |
//| it, 5 filling mode of OPENS|FLAGS|EXECUTION, 6 a value on a grid,|
//| 7 the limits' answer, 8 puts into the map, 9 finds, 10 draws,    |
//| 13 shows a text on the panel, 14 sets a day's equity (text:      |
//| the server, number: its time, real: equity), 15 posts a report, 16 |
//| releases within so many bytes and takes the alarm, 17 logs       |
//+------------------------------------------------------------------+
#include <ExecutionOfficer\Common\Entropy.mqh>
#include <ExecutionOfficer\Link\ReportOutbox.mqh>
#include <ExecutionOfficer\Link\LinkClock.mqh>
#include <ExecutionOfficer\Common\Log.mqh>
#include <ExecutionOfficer\Common\LongMap.mqh>
#include <ExecutionOfficer\Orders\OrderRequest.mqh>
#include <ExecutionOfficer\Program\Panel.mqh>

CLinkClock ExtClock;
CLongMap   ExtMap;
CEntropy   ExtEntropy;
CPanel     ExtPanel;
CDayEquity ExtDay;
CReportOutbox ExtReports;
CLog       ExtLog;

string Part(const string text,const int index)
  {
   int start=0;
   for(int i=0; i<index; i++)
      start=StringFind(text,"|",start)+1;
   int end=StringFind(text,"|",start);
   return((end<0) ? StringSubstr(text,start) : StringSubstr(text,start,end-start));
  }

void OnChartEvent(const int id,const long &number,const double &real,const string &text)
  {
   uchar key[];
   uchar data[];
   uchar mac[];
   string left=Part(text,0);
   string right=Part(text,1);
   if(id==1)
     {
      HexBytes(left,StringLen(left)/2,key);
      HexBytes(right,StringLen(right)/2,data);
      Print(HmacSha256(key,data,mac) ? HexText(mac,32) : "refused");
     }
   if(id==2)
      ExtClock.Start(number);
   if(id==3)
      ExtClock.Update(StringToInteger(text),number);
   if(id==4)
      Print(ExtClock.Now(number));
   if(id==5)
      Print(EnumToString(ChooseFilling(left=="OPEN",StringToInteger(right),StringToInteger(Part(text,2)))));
   if(id==6)
      Print(DoubleToString(ToStep(text,real),12));
   if(id==8)
      ExtMap.Put(StringToInteger(text),(int)number);
   if(id==9)
      Print(ExtMap.Find(StringToInteger(text)));
   if(id==10)
      ExtEntropy.Seed(text);
   if(id==11)
      Print(ExtEntropy.Hex((int)number));
   if(id==12)
      Print(SameSecret(left,right) ? "same" : "different");
   if(id==14)
     {
      SAccount account;
      ClearAccount(account);
      account.known=true;
      account.login=1;
      account.server=text;
      ExtDay.Update(account,number,real);
      Print(ExtDay.Known() ? DoubleToString(ExtDay.Equity(),2) : "unknown");
     }
   if(id==15)
      ExtReports.Post(text);
   if(id==16)
     {
      string frame="";
      while(ExtReports.Release(1,(int)number,frame))
         Print(frame);
      string alarm=ExtReports.TakeAlarm();
      if(alarm!="")
         Print(alarm);
     }
   if(id==17)
      ExtLog.Error("test",text);
   if(id==13)
     {
      ExtPanel.Start();
      ExtPanel.Text(text,PANEL_TONE_PLAIN);
      ExtPanel.Show();
     }
  }
//+------------------------------------------------------------------+
