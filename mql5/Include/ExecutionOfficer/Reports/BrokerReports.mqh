//+------------------------------------------------------------------+
//|                                                BrokerReports.mqh |
//| Records of the broker as reports. The content depends on the     |
//| record alone, so that the same record gives the same report. A   |
//| report's key identifies its subject; its content shows what      |
//| changed.                                                         |
//+------------------------------------------------------------------+
#include "..\Common\Text.mqh"
#include "..\Json\Writer.mqh"
#include "..\Terminal\EnumNames.mqh"
//+------------------------------------------------------------------+
//| A report with its key. An empty key: there is no record.         |
//+------------------------------------------------------------------+
struct SReport
  {
   string            key;
   string            json;
  };
//+------------------------------------------------------------------+
//| Return a magic for the link: another program's may be negative.  |
//+------------------------------------------------------------------+
long Magic(const long magic)
  {
   return((magic<0) ? 0 : magic);
  }
//+------------------------------------------------------------------+
//| Report a deal of the selected history.                           |
//+------------------------------------------------------------------+
bool DealReport(const ulong ticket,SReport &report)
  {
   report.key="";
   if(ticket==0 || HistoryDealGetInteger(ticket,DEAL_TICKET)!=(long)ticket)
      return(false);
   CJsonWriter json;
   json.Text("kind","deal");
   json.Integer("ticket",(long)ticket);
   json.Integer("order",HistoryDealGetInteger(ticket,DEAL_ORDER));
   json.Integer("position_id",HistoryDealGetInteger(ticket,DEAL_POSITION_ID));
   json.Text("symbol",HistoryDealGetString(ticket,DEAL_SYMBOL));
   json.Text("type",DealTypeName(HistoryDealGetInteger(ticket,DEAL_TYPE)));
   json.Text("entry",DealEntryName(HistoryDealGetInteger(ticket,DEAL_ENTRY)));
   json.Text("reason",DealReasonName(HistoryDealGetInteger(ticket,DEAL_REASON)));
   json.Integer("magic",Magic(HistoryDealGetInteger(ticket,DEAL_MAGIC)));
   json.Number("volume",DecimalText(HistoryDealGetDouble(ticket,DEAL_VOLUME)));
   json.Number("price",DecimalText(HistoryDealGetDouble(ticket,DEAL_PRICE)));
   json.Number("commission",DecimalText(HistoryDealGetDouble(ticket,DEAL_COMMISSION)));
   json.Number("swap",DecimalText(HistoryDealGetDouble(ticket,DEAL_SWAP)));
   json.Number("profit",DecimalText(HistoryDealGetDouble(ticket,DEAL_PROFIT)));
   json.Number("fee",DecimalText(HistoryDealGetDouble(ticket,DEAL_FEE)));
   json.NumberIfAny("stop_loss",DecimalText(HistoryDealGetDouble(ticket,DEAL_SL)));
   json.NumberIfAny("take_profit",DecimalText(HistoryDealGetDouble(ticket,DEAL_TP)));
   json.Integer("time_server_ms",HistoryDealGetInteger(ticket,DEAL_TIME_MSC));
   json.TextIfAny("comment",Shorten(HistoryDealGetString(ticket,DEAL_COMMENT),TEXT_MAX));
   report.key="deal:"+IntegerToString((long)ticket);
   report.json=json.Result();
   return(true);
  }
//+------------------------------------------------------------------+
//| Fields of an order's report, from the live list or the history.  |
//+------------------------------------------------------------------+
struct SOrderRecord
  {
   ulong             ticket;
   long              state;
   long              type;
   long              reason;
   long              magic;
   long              position_id;
   long              time_setup_server_ms;
   long              time_done_server_ms;
   long              expires_server_ms;
   double            volume_initial;
   double            volume_current;
   double            price;
   double            limit_price; // 0: not a stop-limit order
   double            stop_loss;
   double            take_profit;
   string            symbol;
   string            comment;
  };
//+------------------------------------------------------------------+
//| Write the report of an order.                                    |
//+------------------------------------------------------------------+
void WriteOrder(const SOrderRecord &order,SReport &report)
  {
   CJsonWriter json;
   string number=IntegerToString((long)order.ticket);
   json.Text("kind","order");
   json.Number("ticket",number);
   json.Text("state",OrderStateName(order.state));
   json.Text("type",OrderTypeName(order.type));
   json.Text("reason",OrderReasonName(order.reason));
   json.Integer("magic",Magic(order.magic));
   json.Text("symbol",order.symbol);
   json.Number("volume_initial",DecimalText(order.volume_initial));
   json.Number("volume_current",DecimalText(order.volume_current));
   json.Number("price",DecimalText(order.price));
   json.NumberIfAny("limit_price",DecimalText(order.limit_price));
   json.NumberIfAny("stop_loss",DecimalText(order.stop_loss));
   json.NumberIfAny("take_profit",DecimalText(order.take_profit));
   json.IntegerIfAny("position_id",order.position_id);
   json.IntegerIfAny("time_setup_server_ms",order.time_setup_server_ms);
   json.IntegerIfAny("time_done_server_ms",order.time_done_server_ms);
   json.IntegerIfAny("expires_server_ms",order.expires_server_ms);
   json.TextIfAny("comment",Shorten(order.comment,TEXT_MAX));
   report.key="order:"+number;
   report.json=json.Result();
  }
//+------------------------------------------------------------------+
//| Report an order of the selected history.                         |
//+------------------------------------------------------------------+
bool DoneOrderReport(const ulong ticket,SReport &report)
  {
   SOrderRecord order;
   report.key="";
   if(ticket==0 || HistoryOrderGetInteger(ticket,ORDER_TICKET)!=(long)ticket)
      return(false);
   order.ticket=ticket;
   order.state=HistoryOrderGetInteger(ticket,ORDER_STATE);
   order.type=HistoryOrderGetInteger(ticket,ORDER_TYPE);
   order.reason=HistoryOrderGetInteger(ticket,ORDER_REASON);
   order.magic=HistoryOrderGetInteger(ticket,ORDER_MAGIC);
   order.position_id=HistoryOrderGetInteger(ticket,ORDER_POSITION_ID);
   order.time_setup_server_ms=HistoryOrderGetInteger(ticket,ORDER_TIME_SETUP_MSC);
   order.time_done_server_ms=HistoryOrderGetInteger(ticket,ORDER_TIME_DONE_MSC);
   order.expires_server_ms=1000*HistoryOrderGetInteger(ticket,ORDER_TIME_EXPIRATION);
   order.volume_initial=HistoryOrderGetDouble(ticket,ORDER_VOLUME_INITIAL);
   order.volume_current=HistoryOrderGetDouble(ticket,ORDER_VOLUME_CURRENT);
   order.price=HistoryOrderGetDouble(ticket,ORDER_PRICE_OPEN);
   order.limit_price=HistoryOrderGetDouble(ticket,ORDER_PRICE_STOPLIMIT);
   order.stop_loss=HistoryOrderGetDouble(ticket,ORDER_SL);
   order.take_profit=HistoryOrderGetDouble(ticket,ORDER_TP);
   order.symbol=HistoryOrderGetString(ticket,ORDER_SYMBOL);
   order.comment=HistoryOrderGetString(ticket,ORDER_COMMENT);
   WriteOrder(order,report);
   return(true);
  }
//+------------------------------------------------------------------+
//| Report the selected live order.                                  |
//+------------------------------------------------------------------+
void SelectedOrderReport(SReport &report)
  {
   SOrderRecord order;
   order.ticket=(ulong)OrderGetInteger(ORDER_TICKET);
   order.state=OrderGetInteger(ORDER_STATE);
   order.type=OrderGetInteger(ORDER_TYPE);
   order.reason=OrderGetInteger(ORDER_REASON);
   order.magic=OrderGetInteger(ORDER_MAGIC);
   order.position_id=OrderGetInteger(ORDER_POSITION_ID);
   order.time_setup_server_ms=OrderGetInteger(ORDER_TIME_SETUP_MSC);
   order.time_done_server_ms=OrderGetInteger(ORDER_TIME_DONE_MSC);
   order.expires_server_ms=1000*OrderGetInteger(ORDER_TIME_EXPIRATION);
   order.volume_initial=OrderGetDouble(ORDER_VOLUME_INITIAL);
   order.volume_current=OrderGetDouble(ORDER_VOLUME_CURRENT);
   order.price=OrderGetDouble(ORDER_PRICE_OPEN);
   order.limit_price=OrderGetDouble(ORDER_PRICE_STOPLIMIT);
   order.stop_loss=OrderGetDouble(ORDER_SL);
   order.take_profit=OrderGetDouble(ORDER_TP);
   order.symbol=OrderGetString(ORDER_SYMBOL);
   order.comment=OrderGetString(ORDER_COMMENT);
   WriteOrder(order,report);
  }
//+------------------------------------------------------------------+
//| Report the live order at an index.                               |
//+------------------------------------------------------------------+
bool LiveOrderReport(const int index,SReport &report)
  {
   report.key="";
   if(OrderGetTicket(index)==0)
      return(false);
   SelectedOrderReport(report);
   return(true);
  }
//+------------------------------------------------------------------+
//| Report the selected open position; return its identifier.        |
//+------------------------------------------------------------------+
long SelectedPositionReport(SReport &report)
  {
   CJsonWriter json;
   long identifier=PositionGetInteger(POSITION_IDENTIFIER);
   json.Text("kind","position");
   json.Integer("identifier",identifier);
   json.Integer("ticket",PositionGetInteger(POSITION_TICKET));
   json.Text("symbol",PositionGetString(POSITION_SYMBOL));
   json.Text("side",(PositionGetInteger(POSITION_TYPE)==POSITION_TYPE_BUY) ? "BUY" : "SELL");
   json.Number("volume",DecimalText(PositionGetDouble(POSITION_VOLUME)));
   json.Number("price_open",DecimalText(PositionGetDouble(POSITION_PRICE_OPEN)));
   json.NumberIfAny("stop_loss",DecimalText(PositionGetDouble(POSITION_SL)));
   json.NumberIfAny("take_profit",DecimalText(PositionGetDouble(POSITION_TP)));
   json.IntegerIfAny("magic",Magic(PositionGetInteger(POSITION_MAGIC)));
   json.IntegerIfAny("time_server_ms",PositionGetInteger(POSITION_TIME_MSC));
   json.TextIfAny("comment",Shorten(PositionGetString(POSITION_COMMENT),TEXT_MAX));
   json.IntegerIfAny("updated_server_ms",PositionGetInteger(POSITION_TIME_UPDATE_MSC));
   report.key="position:"+IntegerToString(identifier);
   report.json=json.Result();
   return(identifier);
  }
//+------------------------------------------------------------------+
//| Report the open position at an index; return its identifier, 0   |
//| where there is none.                                             |
//+------------------------------------------------------------------+
long PositionReport(const int index,SReport &report)
  {
   report.key="";
   return((PositionGetTicket(index)==0) ? 0 : SelectedPositionReport(report));
  }
//+------------------------------------------------------------------+
