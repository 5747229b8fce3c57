//+------------------------------------------------------------------+
//| ZMTP: 1 starts a connection, 2 reads bytes, 3 writes a message;  |
//| each prints bytes to send (> hex), messages (< hex) and the state|
//| of the connection.                                               |
//+------------------------------------------------------------------+
#include <ExecutionOfficer\Wire\Zmtp.mqh>

CZmtp     ExtZmtp;
CZmtpNull ExtNull;
CBytes    ExtIn;

void Show(CBytes &out)
  {
   uchar bytes[];
   int size=out.CopyOut(bytes,0,out.Size());
   if(size>0)
      Print("> ",HexText(bytes,size));
   if(ExtZmtp.Failed())
      Print("failed: ",ExtZmtp.Error());
   else
      Print(ExtZmtp.Ready() ? "ready" : "waiting");
  }

void OnChartEvent(const int id,const long &number,const double &real,const string &text)
  {
   CBytes out;
   uchar bytes[];
   uchar message[];
   int size=StringLen(text)/2;
   HexBytes(text,size,bytes);
   if(id==1)
     {
      ExtIn.Clear();
      ExtZmtp.Start(GetPointer(ExtNull),out);
     }
   if(id==2)
     {
      ExtIn.Append(bytes,0,size);
      while(ExtZmtp.Next(ExtIn,out,message))
         Print("< ",HexText(message,ArraySize(message)));
     }
   if(id==3)
      ExtZmtp.Write(bytes,size,out);
   if(id==4)
     {
      ArrayResize(bytes,(int)number);
      ArrayInitialize(bytes,7);
      ExtZmtp.Write(bytes,(int)number,out);
     }
   Show(out);
  }
//+------------------------------------------------------------------+
