//+------------------------------------------------------------------+
//|                                                        lists.mq5 |
//| Array functions. Source: MQL5 reference, 'Array Functions'.      |
//+------------------------------------------------------------------+
#include "Checks.mqh"
//+------------------------------------------------------------------+
void OnStart(void)
  {
   int source[]={1,2,3,4,5},target[],fixed[3];
   Check(ArrayCopy(target,source)==5 && target[4]==5,"ArrayCopy");
   Check(ArrayCopy(target,source,5,1,2)==2 && ArraySize(target)==7 && target[6]==3,"ArrayCopy grows");
   Check(ArrayCopy(fixed,source)==3 && fixed[2]==3,"ArrayCopy into a fixed array");
   Check(ArrayResize(fixed,9)==-1 && ArraySize(fixed)==3 && !ArrayIsDynamic(fixed),"fixed array");
   Check(ArrayResize(target,2)==2 && ArrayResize(target,4,16)==4 && target[1]==2,"ArrayResize");
   ArrayInitialize(target,7);
   ArrayFill(target,1,2,0);
   Check(target[0]==7 && target[1]==0 && target[3]==7,"ArrayFill");
   Check(ArrayRemove(target,1,2) && ArraySize(target)==2 && target[1]==7,"ArrayRemove");
   Check(ArrayInsert(target,source,1,0,2) && ArraySize(target)==4 && target[1]==1 && target[3]==7,"ArrayInsert");
   Check(ArrayReverse(target) && target[0]==7 && target[1]==2,"ArrayReverse");
   Check(ArraySort(target) && target[0]==1 && target[3]==7,"ArraySort");
   Check(ArrayBsearch(target,2)==1 && ArrayMaximum(target)==2 && ArrayMinimum(target)==0,"search");
   int other[];
   ArrayResize(other,1);
   other[0]=9;
   Check(ArraySwap(target,other) && ArraySize(target)==1 && other[0]==1,"ArraySwap");
   Check(ArrayCompare(source,source)==0,"ArrayCompare");
   ArrayFree(target);
   Check(ArraySize(target)==0,"ArrayFree");
   ArrayResize(other,1);
   ResetLastError();
   Check(ArrayResize(other,INT_MAX)==-1 && ArraySize(other)==1 && _LastError==4007,"more than memory has");
   Check(ArrayResize(other,2,INT_MAX)==2 && ArraySize(other)==2,"reserve that memory lacks");
   string words[];
   ArrayResize(words,2);
   Check(words[0]==NULL,"fresh strings");
   Done();
  }
//+------------------------------------------------------------------+
