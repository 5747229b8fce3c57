//+------------------------------------------------------------------+
//|                                                   OrderCheck.mqh |
//| OrderCheck of a request.                                         |
//+------------------------------------------------------------------+
#include "..\Link\Records.mqh"

#define RETCODE_NONE 0
//+------------------------------------------------------------------+
//| Return whether OrderCheck passes the request. A good request has |
//| the retcode 0 or 10009, depending on the build.                  |
//+------------------------------------------------------------------+
bool Passes(MqlTradeRequest &request,MqlTradeCheckResult &checked)
  {
   ZeroMemory(checked);
   ResetLastError();
   bool passed=OrderCheck(request,checked);
   return(checked.retcode==TRADE_RETCODE_DONE || (passed && checked.retcode==RETCODE_NONE));
  }
//+------------------------------------------------------------------+
//| Return whether the request changes something and opens and       |
//| closes nothing. Not every build can check such a request.        |
//+------------------------------------------------------------------+
bool IsChangeRequest(const MqlTradeRequest &request)
  {
   return(request.action==TRADE_ACTION_SLTP || request.action==TRADE_ACTION_MODIFY
          || request.action==TRADE_ACTION_REMOVE);
  }
//+------------------------------------------------------------------+
//| Find another filling mode that OrderCheck passes: symbols do not |
//| always accept the modes of their flags. Where there is none,     |
//| `request` keeps its mode.                                        |
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
//| Return whether OrderCheck passes the request, with another       |
//| filling mode where its own is refused.                           |
//+------------------------------------------------------------------+
bool PassesWithAnyFilling(MqlTradeRequest &request,MqlTradeCheckResult &checked)
  {
   if(Passes(request,checked))
      return(true);
   return(checked.retcode==TRADE_RETCODE_INVALID_FILL && PassesWithOtherFilling(request));
  }
//+------------------------------------------------------------------+
//| Shorten the comment until OrderCheck passes the request, where   |
//| it passes without a comment. Otherwise the comment stays, and    |
//| `checked` is the check of the request without it.                |
//+------------------------------------------------------------------+
bool PassesWithShorterComment(MqlTradeRequest &request,MqlTradeCheckResult &checked)
  {
   MqlTradeCheckResult tried;
   string comment=request.comment;
   request.comment="";
   // A change has no comment: it is NULL, not an empty text.
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
//| Check a request by OrderCheck. The maximum length of a comment   |
//| is not documented, and a comment is informational: where the     |
//| request passes without it, it is sent with a shorter one or with |
//| none. Where OrderCheck cannot check a change (10013, or no       |
//| retcode) the change is sent: one that the server refuses has     |
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
   return(NotSent(answer,"CHECK","OrderCheck refused the request: "+comment,(long)checked.retcode));
  }
//+------------------------------------------------------------------+
