//+------------------------------------------------------------------+
//| JSON: 1 prints the values of a text, 2 prints it quoted, 3 reads |
//| a whole number, 4 spells a decimal out, 5 spells a double        |
//+------------------------------------------------------------------+
#include <ExecutionOfficer\Json\Fields.mqh>
#include <ExecutionOfficer\Json\Writer.mqh>

string Shape(CJsonReader &reader,const int node)
  {
   ENUM_JSON_KIND kind=reader.Kind(node);
   if(kind==JSON_KIND_TEXT)
      return(JsonQuoted(reader.Text(node)));
   if(kind==JSON_KIND_NULL)
      return("null");
   if(kind!=JSON_KIND_ARRAY && kind!=JSON_KIND_OBJECT)
      return(reader.Text(node));
   bool is_array=(kind==JSON_KIND_ARRAY);
   string text=is_array ? "[" : "{";
   for(int each=reader.First(node); each>=0; each=reader.Next(each))
     {
      if(each!=reader.First(node))
         text+=",";
      if(!is_array)
         text+=JsonQuoted(reader.Key(each))+":";
      text+=Shape(reader,each);
     }
   return(text+(is_array ? "]" : "}"));
  }

void OnChartEvent(const int id,const long &number,const double &real,const string &text)
  {
   uchar bytes[];
   CJsonReader reader;
   long value=0;
   if(id==1 || id==6)
     {
      int size=(id==1) ? TextToUtf8(text,bytes) : StringLen(text)/2;
      if(id==6)
         HexBytes(text,size,bytes);
      Print(reader.Parse(bytes,0,size) ? Shape(reader,0) : "error at "+IntegerToString(reader.Position())+": "+reader.Error());
     }
   if(id==2)
      Print(JsonQuoted(text));
   if(id==3)
      Print(ParseLong(text,value) ? IntegerToString(value) : "no");
   if(id==4)
      Print(PlainDecimal(text));
   if(id==5)
      Print(DecimalText(real));
  }
//+------------------------------------------------------------------+
