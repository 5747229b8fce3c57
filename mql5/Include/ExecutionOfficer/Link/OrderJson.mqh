//+------------------------------------------------------------------+
//|                                                    OrderJson.mqh |
//| The order of a command as JSON, on the link and in the ledger. A |
//| field with its default is left out.                              |
//+------------------------------------------------------------------+
#include "..\Json\Fields.mqh"
#include "..\Json\Writer.mqh"
#include "Records.mqh"

#define CLIENT_ORDER_ID_MAX 4503599627370495    // 52 bits
#define INT31_MAX 2147483647
#define DIRECTIVE_ID_MAX 256                      // 128 characters of two UTF-16 units
#define ORDER_FIELDS "|client_order_id|kind|symbol|side|volume|order_type|position|order|opener|stop_loss|take_profit|price|limit_price|time_in_force|expires_ms|deviation_points|max_spread_points|comment|directive_id|"
//+------------------------------------------------------------------+
//| Read one value of a list; the first one where the field is       |
//| absent. Any other value is refused by name.                      |
//+------------------------------------------------------------------+
string ReadChoice(CJsonFields &fields,const string name,const string values,const bool required)
  {
   string value=fields.Text(name,TEXT_MAX,required);
   if(fields.Error()!="")
      return("");
   if(!fields.Has(name))
      return(StringSubstr(values,0,StringFind(values,",")));
   if(!IsOneOf(value,values))
      fields.Refuse(NotSupported(name,Shorten(value,64),values));
   return(value);
  }
//+------------------------------------------------------------------+
//| Read a number of points; -1 where the field is absent.           |
//+------------------------------------------------------------------+
long ReadPoints(CJsonFields &fields,const string name)
  {
   return(fields.Has(name) ? fields.Integer(name,0,POINTS_MAX,true) : -1);
  }
//+------------------------------------------------------------------+
//| Read the order of an opened object.                              |
//+------------------------------------------------------------------+
void ReadOrder(CJsonFields &fields,SOrder &order)
  {
   ClearOrder(order);
   order.client_order_id=fields.Integer("client_order_id",1,CLIENT_ORDER_ID_MAX,true);
   order.kind=ReadChoice(fields,"kind",COMMAND_KINDS,true);
   order.symbol=fields.Name("symbol");
   order.side=ReadChoice(fields,"side",ORDER_SIDES,true);
   order.volume=fields.Decimal("volume",false);
   order.order_type=ReadChoice(fields,"order_type",LINK_ORDER_TYPES,false);
   order.position=fields.Integer("position",0,TICKET_MAX,false);
   order.order=fields.Integer("order",0,TICKET_MAX,false);
   order.opener=fields.Integer("opener",0,CLIENT_ORDER_ID_MAX,false);
   order.stop_loss=fields.Decimal("stop_loss",false);
   order.take_profit=fields.Decimal("take_profit",false);
   order.price=fields.Decimal("price",false);
   order.limit_price=fields.Decimal("limit_price",false);
   order.time_in_force=ReadChoice(fields,"time_in_force",TIMES_IN_FORCE,false);
   order.expires_ms=fields.Integer("expires_ms",0,COUNT_MAX,false);
   order.deviation_points=ReadPoints(fields,"deviation_points");
   order.max_spread_points=ReadPoints(fields,"max_spread_points");
   order.comment=fields.Text("comment",31,false);
   order.directive_id=fields.Text("directive_id",DIRECTIVE_ID_MAX,false);
  }
//+------------------------------------------------------------------+
//| Write a decimal, unless there is none. 0 is written: it removes  |
//| a level.                                                         |
//+------------------------------------------------------------------+
void WriteAmount(CJsonWriter &json,const string name,const string amount)
  {
   if(amount!="")
      json.Number(name,amount);
  }
//+------------------------------------------------------------------+
//| Write the fields of an order into the open object.               |
//+------------------------------------------------------------------+
void WriteOrderFields(CJsonWriter &json,const SOrder &order)
  {
   json.Integer("client_order_id",order.client_order_id);
   json.Text("kind",order.kind);
   json.Text("symbol",order.symbol);
   json.Text("side",order.side);
   WriteAmount(json,"volume",order.volume);
   if(order.order_type!=LINK_ORDER_MARKET)
      json.Text("order_type",order.order_type);
   json.IntegerIfAny("position",order.position);
   json.IntegerIfAny("order",order.order);
   json.IntegerIfAny("opener",order.opener);
   WriteAmount(json,"stop_loss",order.stop_loss);
   WriteAmount(json,"take_profit",order.take_profit);
   WriteAmount(json,"price",order.price);
   WriteAmount(json,"limit_price",order.limit_price);
   if(order.time_in_force!=TIME_IN_FORCE_GTC)
      json.Text("time_in_force",order.time_in_force);
   json.IntegerIfAny("expires_ms",order.expires_ms);
   if(order.deviation_points>=0)
      json.Integer("deviation_points",order.deviation_points);
   if(order.max_spread_points>=0)
      json.Integer("max_spread_points",order.max_spread_points);
   json.TextIfAny("comment",order.comment);
   json.TextIfAny("directive_id",order.directive_id);
  }
//+------------------------------------------------------------------+
