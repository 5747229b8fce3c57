//+------------------------------------------------------------------+
//|                                                   OrderCheck.mqh |
//| What OrderCheck says of a request.                               |
//+------------------------------------------------------------------+
#include "..\Link\Records.mqh"

#define RETCODE_NONE 0
//+------------------------------------------------------------------+
//| Whether OrderCheck lets the request pass. Builds differ in       |
//| whether a request that would do gets 0 or 10009.                 |
//+------------------------------------------------------------------+
bool Passes(MqlTradeRequest &request,MqlTradeCheckResult &checked)
  {
   ZeroMemory(checked);
   ResetLastError();
   bool passed=OrderCheck(request,checked);
   return(checked.retcode==TRADE_RETCODE_DONE || (passed && checked.retcode==RETCODE_NONE));
  }
//+------------------------------------------------------------------+
//| Whether the request is of a kind that not every build may know   |
//| how to check: it changes something, and opens and closes nothing |
//+------------------------------------------------------------------+
bool IsChangeRequest(const MqlTradeRequest &request)
  {
   return(request.action==TRADE_ACTION_SLTP || request.action==TRADE_ACTION_MODIFY
          || request.action==TRADE_ACTION_REMOVE);
  }
//+------------------------------------------------------------------+
//| The request with another filling mode that OrderCheck lets pass: |
//| symbols do not always keep to what their flags promise. `request`|
//| keeps its own mode where none does.                              |
//+------------------------------------------------------------------+
bool PassesWithOtherFilling(MqlTradeRequest &request)
  {
   MqlTradeCheckResult checked;
   ENUM_ORDER_TYPE_FILLING first=request.type_filling;
   ENUM_ORDER_TYPE_FILLING others[3];
   bool whole=(request.action==TRADE_ACTION_DEAL && request.position==0);
   others[0]=(request.action==TRADE_ACTION_PENDING) ? ORDER_FILLING_RETURN : (whole ? ORDER_FILLING_FOK : ORDER_FILLING_IOC);
   others[1]=(others[0]==ORDER_FILLING_IOC) ? ORDER_FILLING_FOK : ORDER_FILLING_IOC;
   others[2]=(others[0]==ORDER_FILLING_RETURN) ? ORDER_FILLING_FOK : ORDER_FILLING_RETURN;
   for(int i=0; i<3; i++)
     {
      request.type_filling=others[i];
      if(others[i]!=first && Passes(request,checked))
         return(true);
     }
   request.type_filling=first;
   return(false);
  }
//+------------------------------------------------------------------+
//| Whether OrderCheck lets the request pass, with another filling   |
//| mode where it is that                                            |
//+------------------------------------------------------------------+
bool PassesWithAnyFilling(MqlTradeRequest &request,MqlTradeCheckResult &checked)
  {
   if(Passes(request,checked))
      return(true);
   return(checked.retcode==TRADE_RETCODE_INVALID_FILL && PassesWithOtherFilling(request));
  }
//+------------------------------------------------------------------+
//| The request with as much of its comment as OrderCheck lets pass, |
//| where it passes without any; else it keeps its comment, and      |
//| `checked` is what is said of the request without                 |
//+------------------------------------------------------------------+
bool PassesWithShorterComment(MqlTradeRequest &request,MqlTradeCheckResult &checked)
  {
   MqlTradeCheckResult tried;
   string comment=request.comment;
   request.comment="";
   // A change has no comment: that is none, and no empty text.
   if(StringLen(comment)==0 || !PassesWithAnyFilling(request,checked))
     {
      request.comment=comment;
      return(false);
     }
   for(int size=StringLen(comment)/2; size>0; size/=2)
     {
      request.comment=StringSubstr(comment,0,size);
      if(Passes(request,tried))
         return(true);
     }
   request.comment="";
   return(true);
  }
//+------------------------------------------------------------------+
//| What OrderCheck says. How long a comment may be is not documented|
//| and it is only for people: where the request passes without it,  |
//| it goes with a shorter one, or none. That OrderCheck can make    |
//| nothing of a change (10013, or no code at all) is no reason      |
//| against it: the server is asked, and a change that it refuses has|
//| changed nothing.                                                 |
//+------------------------------------------------------------------+
bool CheckRequest(MqlTradeRequest &request,SNotSent &answer)
  {
   MqlTradeCheckResult checked;
   if(PassesWithAnyFilling(request,checked))
      return(true);
   if(IsChangeRequest(request) && (checked.retcode==RETCODE_NONE || checked.retcode==TRADE_RETCODE_INVALID))
      return(true);
   if(PassesWithShorterComment(request,checked))
      return(true);
   string comment=checked.comment;
   if(checked.retcode==RETCODE_NONE)
      comment+=" (error "+IntegerToString(GetLastError())+")";
   return(NotSent(answer,"CHECK","OrderCheck refused it: "+comment,(long)checked.retcode));
  }
//+------------------------------------------------------------------+
