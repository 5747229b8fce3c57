//+------------------------------------------------------------------+
//| Ledger file: 1 opens it, 2 writes an intent (number: order id),  |
//| 3 an outcome, 4 names it, 5 lists what it holds, 6 closes it, 7  |
//| reads the order of an intent, 8 notes a load, 9 lists the loads, |
//| 10 names the account of its first line                           |
//+------------------------------------------------------------------+
#include <ExecutionOfficer\Ledger\Ledger.mqh>

CLedger  ExtLedger;
CEntropy ExtEntropy;

void OnChartEvent(const int id,const long &number,const double &real,const string &text)
  {
   SAccount account;
   SOrder order;
   SLedgerEntry entry;
   SLedgerIdentity identity;
   if(id==1)
     {
      account.known=true;
      account.login=5;
      account.server="Simulated-Demo";
      account.margin_mode="RETAIL_HEDGING";
      account.trade_mode="DEMO";
      account.currency="USD";
      ExtEntropy.Seed("");
      Print(ExtLedger.Open(account,ExtEntropy) ? "open" : ExtLedger.Problem());
     }
   if(id==2)
     {
      ClearOrder(order);
      order.client_order_id=number;
      order.kind="OPEN";
      order.symbol="EURUSD";
      order.side="BUY";
      order.volume="0.10";
      order.stop_loss="1.0900";
      order.comment=text;
      order.directive_id=text;
      Print(ExtLedger.Intend(order,1) ? "written" : "refused: "+ExtLedger.Problem());
     }
   if(id==3 && ExtLedger.Find(number,entry))
     {
      entry.retcode=10009;
      entry.order=7;
      entry.price="1.0950";
      entry.message=text;
      Print(ExtLedger.Conclude(entry) ? "written" : "refused: "+ExtLedger.Problem());
     }
   if(id==4)
     {
      ExtLedger.Identity(identity);
      Print(identity.id," ",identity.mark," ",identity.unbroken ? "whole" : "broken");
     }
   if(id==5)
     {
      string list="";
      for(int i=0; ExtLedger.At(i,entry); i++)
         list+=IntegerToString(entry.mark)+":"+IntegerToString(entry.client_order_id)+(entry.concluded ? "+"+entry.price+entry.message : "")+" ";
      Print(list);
     }
   if(id==6)
      ExtLedger.Close();
   if(id==8)
      Print(ExtLedger.Enter(text) ? "written" : "refused: "+ExtLedger.Problem());
   if(id==9)
     {
      ExtLedger.Identity(identity);
      Print(identity.instances);
     }
   if(id==10)
     {
      ExtLedger.Identity(identity);
      Print(IntegerToString(identity.login));
     }
   if(id==7)
      Print(ExtLedger.Find(number,entry) ? ExtLedger.OrderText(entry) : "none");
  }
//+------------------------------------------------------------------+
